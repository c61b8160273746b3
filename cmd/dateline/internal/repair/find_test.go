package repair

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ctxtest"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

const (
	intake  = datelinev1.Stage_STAGE_INTAKE
	fetch   = datelinev1.Stage_STAGE_FETCH
	extract = datelinev1.Stage_STAGE_EXTRACT
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return nil }))
}

// produced returns the outcome of a stage that has produced something from the input of a request.
func produced(request string, stage datelinev1.Stage) *datelinev1.Outcome {
	page := request + ".page"
	o := &datelinev1.Outcome{
		RequestId: request, Url: "https://example.com/" + request, Host: "example.com", Stage: stage,
		Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Time: timestamppb.Now(),
		InputId: request, OutputId: page,
	}
	if stage == extract {
		o.InputId, o.OutputId = page, "article"
	}
	return o
}

// lostAndWaiting stores a request that is lost before each stage, and for each place at which inputs wait, a request
// whose input waits there.
func lostAndWaiting(t *testing.T, js jetstream.JetStream, s store.Store) {
	t.Helper()
	var outcomes []*datelinev1.Outcome
	publish := func(subject, id string, message proto.Message) {
		t.Helper()
		data, err := proto.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		msg := &nats.Msg{Subject: subject, Data: data, Header: nats.Header{nats.MsgIdHdr: {id}}}
		if _, err := js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	for _, stage := range []datelinev1.Stage{intake, fetch, extract} {
		outcomes = append(outcomes, produced(fmt.Sprint("lost-after-", stage), stage))
		waits := produced(fmt.Sprint("recorded-after-", stage), stage)
		outcomes = append(outcomes, waits)
		next := proto.CloneOf(waits)
		next.Stage, next.InputId = stage+1, waits.GetOutputId()
		publish(subject.Outcomes(next.GetStage(), next.GetVerdict()), "", next)
	}
	waiting := produced("in-the-frontier", intake)
	publish(subject.Frontier(0, subject.LaneFresh, "com.example"), "", &datelinev1.FrontierEntry{
		Request: &datelinev1.FetchRequest{RequestId: waiting.GetRequestId(), Url: waiting.GetUrl()},
	})
	page, article := produced("page", fetch), produced("article", extract)
	publish(subject.Pages("com.example"), ledger.PageMessageID(page.GetOutputId()), &datelinev1.Page{})
	publish(subject.Articles("en", "com.example"), ledger.ArticleMessageID(article.GetInputId()), &datelinev1.Article{})
	if err := s.Record(t.Context(), append(outcomes, waiting, page, article)); err != nil {
		t.Fatal(err)
	}
}

// TestFind finds the inputs that are lost before each stage, and no input that waits. If a step of the search fails,
// the search fails: an input that waits would be published twice.
func TestFind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		nats := natstest.Server(t, t.TempDir())
		_, js := natstest.Connect(t, nats)
		natstest.Reconcile(t, js, topology.Limits{})
		lostAndWaiting(t, js, s)
		want := []string{
			"STAGE_EXTRACT lost-after-STAGE_FETCH", "STAGE_FETCH lost-after-STAGE_INTAKE",
			"STAGE_INDEX lost-after-STAGE_EXTRACT",
		}
		steps, failing := natstest.Fail(t, nats)
		search := func(ctx context.Context) error {
			lost, err := Find(ctx, failing, s, time.Now().Add(-time.Hour))
			if err != nil {
				return err
			}
			var got []string
			for _, l := range lost {
				got = append(got, fmt.Sprint(l.Stage, " ", l.Last.GetRequestId()))
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
			return nil
		}
		ctxtest.Interrupt(t, 1, search)
		steps.Each(t, search, func() {})
	})
}
