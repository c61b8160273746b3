package natstest

import (
	"maps"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// StartFailing starts a server with the topology, and returns a sound connection and one on which single requests fail,
// or only their responses are lost.
func StartFailing(
	tb testing.TB, limits topology.Limits, losesResponses bool,
) (requests *Failing, failing, js jetstream.JetStream) {
	tb.Helper()
	server := Server(tb, tb.TempDir())
	_, js = Connect(tb, server)
	Reconcile(tb, js, limits)
	requests, failing = Fail(tb, server)
	requests.LosesResponses = losesResponses
	return requests, failing, js
}

// Endings counts the outcomes on their stream by stage, verdict and reason, such as "fetch rejected not_found".
func Endings(tb testing.TB, js jetstream.JetStream) map[string]int {
	tb.Helper()
	all := map[string]int{}
	for _, msg := range Messages(tb, js, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			tb.Fatal(err)
		}
		ending := subject.StageName(o.GetStage()) + " " + subject.VerdictName(o.GetVerdict()) + " " + o.GetReason()
		all[strings.TrimSpace(ending)]++
	}
	return all
}

// AwaitEndings waits until as many inputs have ended as want has. They must be those of want.
func AwaitEndings(tb testing.TB, js jetstream.JetStream, want map[string]int) {
	tb.Helper()
	total := 0
	for _, n := range want {
		total += n
	}
	Eventually(tb, "every input ends", func() bool { return Count(tb, js, subject.StreamOutcomes) >= total })
	if got := Endings(tb, js); !maps.Equal(got, want) {
		tb.Errorf("the inputs ended as %v, want %v", got, want)
	}
}

// AwaitProcessed waits until no message of a stream waits for a consumer or for its ack.
func AwaitProcessed(tb testing.TB, js jetstream.JetStream, stream, consumer string) {
	tb.Helper()
	Eventually(tb, "nothing waits on stream "+stream, func() bool {
		reader, err := js.Consumer(tb.Context(), stream, consumer)
		if err != nil {
			tb.Fatal(err)
		}
		info := reader.CachedInfo()
		return info.NumPending == 0 && info.NumAckPending == 0
	})
}
