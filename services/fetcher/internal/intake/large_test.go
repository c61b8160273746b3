package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestLargeRequests handles requests whose entries are larger than a message or than the stream accepts, each together
// with another one. They are given up at once: no later attempt could store their entries.
func TestLargeRequests(t *testing.T) {
	in := newIntake(t, topology.Limits{})
	stream, err := in.js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxMsgSize = 1 << 10
	if _, err := in.js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for n, size := range map[uint64]int{1: int(in.js.Conn().MaxPayload()) - 100, 2: 2 << 10} {
		url := fmt.Sprint("https://example.com/large/", n)
		large := message(n, encoded(t, &datelinev1.FetchRequest{
			Url: url, Listed: &datelinev1.ListedItem{Summary: strings.Repeat("x", size)},
		}))
		small := message(n+10, fmt.Sprint("https://example.com/small/", n))
		results := in.Handle(t.Context(), []*stage.Input{large, small})
		if err := results[0].Err; err == nil || !stage.IsPermanent(err) {
			t.Errorf("a request with %d bytes: %v, want that it is given up", size, err)
		}
		if err := results[1].Err; err != nil {
			t.Errorf("a request beside one with %d bytes: %v", size, err)
		}
		if result := in.handle(message(n+20, url)); result.Outcome.GetVerdict() != produced {
			t.Errorf("the URL of a request with %d bytes again: %v, %v", size, result.Outcome, result.Err)
		}
	}
}
