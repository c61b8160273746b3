package fetcher

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

const (
	// keptDays is how long outcomes and dead letters are kept, and keptDeadDays how long outcomes of dead letters are:
	// the defaults of the indexer.
	keptDays, keptDeadDays = 90, 97
	calendarDay            = 24 * time.Hour
)

// yearStore stores what the fetcher produces, as the extractor and the indexer would, in batches of a day. The store's
// times are those of the calendar.
type yearStore struct {
	store.Store

	js              jetstream.JetStream
	start           time.Time
	pages, outcomes jetstream.Consumer
	batch           []*datelinev1.Outcome
	articles        []*datelinev1.Article
}

func newYearStore(t *testing.T, js jetstream.JetStream) *yearStore {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.LimitCopies(store.CopyLimits{Window: 3 * yearDay, Articles: store.DefaultCopyLimits().Articles})
	y := &yearStore{Store: s, js: js, start: time.Now()}
	if y.pages, err = js.Consumer(t.Context(), subject.StreamPages, subject.ConsumerExtract); err != nil {
		t.Fatal(err)
	}
	if y.outcomes, err = js.Consumer(t.Context(), subject.StreamOutcomes, subject.ConsumerLedger); err != nil {
		t.Fatal(err)
	}
	return y
}

// calendar returns the time of the calendar for a time of the simulated clock.
func (y *yearStore) calendar(at time.Time) time.Time {
	return y.start.Add(time.Duration(yearScale) * at.Sub(y.start))
}

// finish stores what the streams have, and deletes what is no longer kept.
func (y *yearStore) finish(t *testing.T) {
	t.Helper()
	y.batch, y.articles = nil, nil
	fetchAll(t.Context(), t, y.pages, func(msg jetstream.Msg) { y.takePage(t, msg) })
	fetchAll(t.Context(), t, y.outcomes, func(msg jetstream.Msg) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data(), o); err != nil {
			t.Fatal(err)
		}
		o.Time = timestamppb.New(y.calendar(o.GetTime().AsTime()))
		y.batch = append(y.batch, o)
	})
	y.save(t)
	y.retain(t)
}

// takePage ends a page as the extractor and the indexer would.
func (y *yearStore) takePage(t *testing.T, msg jetstream.Msg) {
	t.Helper()
	page := &datelinev1.Page{}
	if err := proto.Unmarshal(msg.Data(), page); err != nil {
		t.Fatal(err)
	}
	at := timestamppb.New(y.calendar(page.GetFetchTime().AsTime()))
	_, host, _ := strings.Cut(page.GetFinalUrl(), "//")
	host, name, _ := strings.Cut(host, "/")
	for _, stage := range []datelinev1.Stage{datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_INDEX} {
		o := &datelinev1.Outcome{
			Stage: stage, InputId: page.GetId(), RequestId: page.GetRequest().GetRequestId(), Url: page.GetRequestedUrl(),
			Host: host, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Time: at,
		}
		if stage == datelinev1.Stage_STAGE_INDEX {
			o.Reason = store.New.String()
		}
		y.batch = append(y.batch, o)
	}
	text := yearText(name)
	sum := sha256.Sum256([]byte(text))
	y.articles = append(y.articles, &datelinev1.Article{
		Id: "id-" + name, CanonicalUrl: page.GetRequestedUrl(), RequestedUrl: page.GetRequestedUrl(),
		FinalUrl: page.GetFinalUrl(), Host: host, SiteName: "Example", Title: "Ferry " + name, Text: text, Language: "en",
		ContentHash: hex.EncodeToString(sum[:]), FetchTime: at, ExtractTime: at, RequestId: page.GetRequest().GetRequestId(),
	})
}

// yearText returns the text of a page, of sixty words that are its own.
func yearText(name string) string {
	sum := sha256.Sum256([]byte(name))
	random := rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), 0))
	var words []string
	for range 60 {
		words = append(words, fmt.Sprintf("w%d", random.IntN(2000)))
	}
	return strings.Join(words, " ")
}

// save stores the articles and outcomes of a day, and announces the articles.
func (y *yearStore) save(t *testing.T) {
	t.Helper()
	const batch = 500
	for len(y.articles) > 0 {
		n := min(batch, len(y.articles))
		results, err := y.Put(t.Context(), y.articles[:n])
		if err != nil {
			t.Fatal(err)
		}
		for i, result := range results {
			if result.Err != nil {
				t.Fatal(result.Err)
			}
			if result.Revision > 0 {
				y.announce(t, result, y.articles[i])
			}
		}
		y.articles = y.articles[n:]
	}
	for len(y.batch) > 0 {
		n := min(batch, len(y.batch))
		if err := y.Record(t.Context(), y.batch[:n]); err != nil {
			t.Fatal(err)
		}
		y.batch = y.batch[n:]
	}
}

func (y *yearStore) announce(t *testing.T, stored store.PutResult, record *datelinev1.Article) {
	t.Helper()
	msg, err := library.RevisionMessage(&datelinev1.RevisionEvent{
		Change: datelinev1.RevisionChange_REVISION_CHANGE_NEW, ArticleId: stored.ID, Revision: int32(stored.Revision),
		Article: record,
	}, record.GetLanguage(), record.GetHost())
	if err == nil {
		_, err = y.js.PublishMsg(t.Context(), msg)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// retain does what the indexer and the process that declares the streams do beside their work.
func (y *yearStore) retain(t *testing.T) {
	t.Helper()
	now, ctx := time.Now(), t.Context()
	if _, err := deadletter.Expire(ctx, y.js, now.Add(-keptDays*yearDay), 1_000_000); err != nil {
		t.Fatal(err)
	}
	today := y.calendar(now)
	for name, step := range map[string]func() (bool, error){
		"outcomes": func() (bool, error) {
			_, more, err := y.ExpireOutcomes(ctx, today.Add(-keptDays*calendarDay), today.Add(-keptDeadDays*calendarDay))
			return more, err
		},
		"counts": func() (bool, error) { return y.RollUp(ctx, today) },
	} {
		for more := true; more; {
			var err error
			if more, err = step(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	for _, name := range []string{subject.StreamPages, subject.StreamArticles, subject.StreamOutcomes} {
		if err := topology.TrimStream(ctx, y.js, name); err != nil {
			t.Fatal(err)
		}
	}
}
