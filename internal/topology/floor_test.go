package topology_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// leaving returns a client of a server that leaves a consumer out of its lists, as one in a cluster does while the
// consumer has no leader.
func leaving(t *testing.T, nc *nats.Conn, consumer string) jetstream.JetStream {
	t.Helper()
	const prefix = "leaving."
	sub, err := nc.Subscribe(prefix+">", func(msg *nats.Msg) {
		to := jetstream.DefaultAPIPrefix + strings.TrimPrefix(msg.Subject, prefix)
		answer, err := nc.Request(to, msg.Data, natstest.Patience(t))
		if err != nil {
			t.Error(err)
			return
		}
		if strings.Contains(to, "CONSUMER.LIST.") {
			answer.Data = without(t, answer.Data, consumer)
		}
		if err := msg.Respond(answer.Data); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() }) // the connection may be closed
	js, err := jetstream.NewWithAPIPrefix(nc, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// without returns an answer in which a consumer is missing.
func without(t *testing.T, data []byte, consumer string) []byte {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Error(err)
		return nil
	}
	left := []any{}
	for _, one := range answer["consumers"].([]any) {
		if one.(map[string]any)["name"] == consumer {
			answer["missing"] = []string{consumer}
		} else {
			left = append(left, one)
		}
	}
	answer["consumers"] = left
	edited, err := json.Marshal(answer)
	if err != nil {
		t.Error(err)
	}
	return edited
}

// TestTrimWithoutAConsumersState trims a stream while the server does not know what one of its consumers has acked.
// What that consumer has not read stays.
func TestTrimWithoutAConsumersState(t *testing.T) {
	nc, js := natstest.Start(t)
	all := fill(t, js)
	// The name comes before those of the other consumers, in whose order the server lists them.
	reader := jetstream.ConsumerConfig{Durable: "a-reader", AckPolicy: jetstream.AckExplicitPolicy}
	if _, err := js.CreateConsumer(t.Context(), subject.StreamArticles, reader); err != nil {
		t.Fatal(err)
	}
	ack(t, js, subject.StreamArticles, subject.ConsumerIndex, all)
	err := topology.TrimStream(t.Context(), leaving(t, nc, "a-reader"), subject.StreamArticles)
	if err == nil || !strings.Contains(err.Error(), "a-reader") {
		t.Errorf("the error is %v, want one that names the consumer", err)
	}
	if got := first(t, js); got != 1 {
		t.Errorf("messages up to %d were removed, which a consumer has not read", got-1)
	}
	ack(t, js, subject.StreamArticles, "a-reader", all)
	trim(t, js)
	if got := first(t, js); got == 1 {
		t.Error("nothing was removed although all consumers have acked everything")
	}
}
