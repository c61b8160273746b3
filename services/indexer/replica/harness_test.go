package replica_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m, func() error { return nil })) }

// pair is a store on a primary with a replica.
type pair struct {
	*testing.T
	primary, standby *postgrestest.Server
	writer           store.Store // on the primary
	reads            *replica.Store
}

func newPair(t *testing.T, maxLag time.Duration) *pair {
	p := &pair{T: t}
	p.primary, p.standby = postgrestest.Replicated(t)
	p.writer = storetest.Open(t, p.primary.URL("postgres"))
	p.reads = p.open(maxLag)
	p.awaitFrom(replica.Replica)
	return p
}

// open opens the store with the replica until the test ends.
func (p *pair) open(maxLag time.Duration) *replica.Store {
	p.Helper()
	s, err := replica.Open(p.Context(), p.writer, replica.Config{URL: p.standby.URL("postgres"), MaxLag: maxLag}, nil,
		slog.New(slog.DiscardHandler))
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { s.Close() })
	return s
}

// await waits until a condition holds.
func (p *pair) await(what string, holds func() bool) {
	p.Helper()
	for !holds() {
		select {
		case <-p.Context().Done():
			p.Fatalf("waiting until %s: %+v", what, p.reads.State())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// awaitFrom waits until a server answers reads of articles.
func (p *pair) awaitFrom(name string) {
	p.Helper()
	p.await(name+" answers", func() bool { return p.reads.State().From == name })
}

// put stores articles with the given names on the primary.
func (p *pair) put(names ...string) {
	p.Helper()
	for _, name := range names {
		storetest.Put(p, p.writer, article(name))
	}
}

func article(name string) *datelinev1.Article {
	url := "https://news.example/" + name
	return &datelinev1.Article{
		Id: fmt.Sprintf("%016x", []byte(name)), CanonicalUrl: url, FinalUrl: url, Host: "news.example",
		Title: "Ferry " + name, Text: "The ferry left " + name, ContentHash: name, Language: "en",
		FetchTime: timestamppb.New(time.Now()),
	}
}

// search returns the number of articles found, and the server that has answered.
func (p *pair) search(ctx context.Context) (found int, from string) {
	p.Helper()
	ctx, reads := replica.Track(ctx)
	page, err := p.reads.Search(ctx, store.Query{Text: "ferry", Limit: 1000})
	if err != nil {
		p.Errorf("searching: %v", err)
	}
	return len(page.Hits), reads.From()
}

// expect checks what a search finds and who answers.
func (p *pair) expect(ctx context.Context, found int, from string) {
	p.Helper()
	if n, by := p.search(ctx); n != found || by != from {
		p.Errorf("found %d articles from the %s, want %d from the %s; %+v", n, by, found, from, p.reads.State())
	}
}

// awaitReplayed waits until the replica has everything that the primary has.
func (p *pair) awaitReplayed() {
	p.Helper()
	position := p.reads.Changed(p.Context())
	p.await("the replica has caught up", func() bool {
		_, from := p.search(replica.After(p.Context(), position))
		return from == replica.Replica
	})
}
