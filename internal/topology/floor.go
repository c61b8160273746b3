package topology

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// ackFloor returns the sequence up to which every consumer of a stream has acked all messages. It is 0 without
// consumers, because then no message has been read.
//
// In a cluster, the server leaves out consumers whose leaders do not answer, such as during an election. The client's
// list does not tell, so ackFloor reads the server's answers itself.
func ackFloor(ctx context.Context, js jetstream.JetStream, stream string) (uint64, error) {
	floors := map[string]uint64{}
	total := 1 // until the first answer
	for offset := 0; offset < total; {
		page, err := listConsumers(ctx, js, stream, offset)
		if err != nil {
			return 0, err
		}
		if len(page.Missing) > 0 {
			return 0, fmt.Errorf("consumers do not answer: %s", strings.Join(page.Missing, ", "))
		}
		for _, consumer := range page.Consumers {
			floors[consumer.Name] = consumer.AckFloor.Stream
		}
		total, offset = page.Total, offset+len(page.Consumers)
		if len(page.Consumers) == 0 {
			break
		}
	}
	if len(floors) != total {
		return 0, fmt.Errorf("the server lists %d of %d consumers", len(floors), total)
	}
	if len(floors) == 0 {
		return 0, nil
	}
	return slices.Min(slices.Collect(maps.Values(floors))), nil
}

// consumerPage is the server's answer to a request for the consumers of a stream.
type consumerPage struct {
	Error     *jetstream.APIError      `json:"error"`
	Total     int                      `json:"total"`
	Consumers []jetstream.ConsumerInfo `json:"consumers"`
	// Missing are the consumers that are left out.
	Missing []string `json:"missing"`
}

func listConsumers(
	ctx context.Context, js jetstream.JetStream, stream string, offset int,
) (page consumerPage, err error) {
	prefix := jetstream.DefaultAPIPrefix
	if other := js.Options().APIPrefix; other != "" {
		prefix = strings.TrimSuffix(other, ".") + "."
	}
	request, err := json.Marshal(map[string]int{"offset": offset})
	if err != nil {
		return page, err
	}
	response, err := js.Conn().RequestWithContext(ctx, prefix+"CONSUMER.LIST."+stream, request)
	if err != nil {
		return page, err
	}
	if err := json.Unmarshal(response.Data, &page); err != nil {
		return page, fmt.Errorf("decoding the answer: %w", err)
	}
	if page.Error != nil {
		return page, page.Error
	}
	return page, nil
}
