package replica_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestReplicaAnswersWhileItFollows(t *testing.T) {
	p := newPair(t, time.Hour)
	p.put("north", "south")
	p.awaitReplayed()
	p.expect(t.Context(), 2, replica.Replica)
	// Nothing is written from here on, so that nothing is missing.
	p.await("the lag is zero", func() bool { lag := p.reads.State().Lag; return lag != nil && *lag == 0 })

	p.standby.Execute("SELECT pg_wal_replay_pause()")
	p.put("east")
	p.expect(t.Context(), 2, replica.Replica)                // bounded staleness
	p.expect(replica.Fresh(t.Context()), 3, replica.Primary) // a read that must see everything
	hit, err := p.reads.Article(t.Context(), "https://news.example/east")
	if err != nil || hit.Article.GetTitle() != "Ferry east" {
		t.Errorf("an article that the replica does not have yet: %v, %v", hit.Article, err)
	}
	if found, err := p.reads.Revisions(t.Context(), article("east").GetId()); err != nil || len(found) != 1 {
		t.Errorf("the revisions of an article that the replica does not have yet: %v, %v", found, err)
	}
	p.standby.Execute("SELECT pg_wal_replay_resume()")
	p.awaitReplayed()
	p.expect(t.Context(), 3, replica.Replica)
}

func TestChangesAreSeenByTheirReaders(t *testing.T) {
	p := newPair(t, time.Hour)
	other := p.open(time.Hour) // another process
	p.put("north", "south")
	p.awaitReplayed()
	p.standby.Execute("SELECT pg_wal_replay_pause()")

	if _, err := p.reads.SaveSearch(t.Context(), "Ferries", "q=ferry"); err != nil {
		t.Fatal(err)
	}
	if all, err := p.reads.SavedSearches(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("saved searches after saving one: %v, %v", all, err)
	}
	if _, err := p.reads.Erase(t.Context(), "https://news.example/north"); err != nil {
		t.Fatal(err)
	}
	position := p.reads.Changed(t.Context())
	p.expect(t.Context(), 1, replica.Primary)
	first := p.reads
	p.reads = other
	p.expect(t.Context(), 2, replica.Replica)                            // somebody else may read what was
	p.expect(replica.After(t.Context(), position), 1, replica.Primary)   // who has changed it may not
	p.expect(replica.After(t.Context(), "nonsense"), 2, replica.Replica) // a forged position
	p.standby.Execute("SELECT pg_wal_replay_resume()")
	p.awaitReplayed()
	p.expect(replica.After(t.Context(), position), 1, replica.Replica)
	p.reads = first
	p.expect(t.Context(), 1, replica.Replica)
}

// TestPagesDoNotGoBack reads a page from the primary and the next one while the replica is behind.
func TestPagesDoNotGoBack(t *testing.T) {
	p := newPair(t, time.Hour)
	p.put("north")
	p.awaitReplayed()
	p.standby.Execute("SELECT pg_wal_replay_pause()")
	p.put("south", "east")
	query := store.Query{Text: "ferry", Limit: 1}
	page, err := p.reads.Search(replica.Fresh(t.Context()), query)
	seen := 0
	for ; err == nil && page.Next != ""; seen++ {
		ctx, reads := replica.Track(t.Context())
		query.After = page.Next
		if page, err = p.reads.Search(ctx, query); reads.From() != replica.Primary {
			t.Errorf("page %d is from the %s", seen+2, reads.From())
		}
	}
	if err != nil || seen != 2 {
		t.Errorf("read %d pages more, want 2: %v", seen, err)
	}
	// A page of the replica is followed by another of the replica.
	p.standby.Execute("SELECT pg_wal_replay_resume()")
	p.awaitReplayed()
	query.After = ""
	for range 3 {
		ctx, reads := replica.Track(t.Context())
		page, err := p.reads.Search(ctx, query)
		if err != nil || len(page.Hits) != 1 || reads.From() != replica.Replica {
			t.Errorf("a page of %d from the %s, %v", len(page.Hits), reads.From(), err)
		}
		query.After = page.Next
	}
}

func TestReplicaBehindIsNotRead(t *testing.T) {
	p := newPair(t, 2*time.Second)
	p.put("north")
	p.awaitReplayed()
	p.standby.Execute("SELECT pg_wal_replay_pause()")
	p.put("south")
	p.awaitFrom(replica.Primary)
	p.expect(t.Context(), 2, replica.Primary)
	if text := p.reads.State().ReplicaProblem; !strings.Contains(text, "store.replica-max-lag is 2s") {
		t.Errorf("the reason is %q, want the lag", text)
	}
	p.standby.Execute("SELECT pg_wal_replay_resume()")
	p.awaitFrom(replica.Replica)
	p.expect(t.Context(), 2, replica.Replica)
}

// readAll reads without a pause until the function that it returns is called. No read may fail.
func (p *pair) readAll() (stop func()) {
	ctx, cancel := context.WithCancel(p.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if n, _ := p.search(p.Context()); n != 2 {
					p.Errorf("found %d articles, want 2", n)
				}
				if _, err := p.reads.SavedSearches(p.Context()); err != nil {
					p.Errorf("reading saved searches: %v", err)
				}
				if _, err := access.Of(p.reads).Tokens(p.Context()); err != nil {
					p.Errorf("reading tokens: %v", err)
				}
			}
		})
	}
	return func() { cancel(); readers.Wait() }
}

func TestReplicaIsKilled(t *testing.T) {
	p := newPair(t, time.Hour)
	p.put("north", "south")
	p.awaitReplayed()
	stop := p.readAll()
	for range 2 {
		p.standby.Kill()
		p.awaitFrom(replica.Primary)
		p.expect(t.Context(), 2, replica.Primary)
		p.standby.Start()
		p.awaitFrom(replica.Replica)
	}
	stop()
	p.expect(t.Context(), 2, replica.Replica)
}

func TestPrimaryIsKilled(t *testing.T) {
	p := newPair(t, 2*time.Second)
	p.put("north", "south")
	p.awaitReplayed()
	stop := p.readAll()
	p.primary.Kill()
	p.await("the primary is missed", func() bool { return p.reads.State().PrimaryProblem != "" })
	p.expect(t.Context(), 2, replica.Replica)
	p.await("the age is beyond the maximum", func() bool {
		ctx, reads := replica.Track(t.Context())
		if _, err := p.reads.Search(ctx, store.Query{}); err != nil || !reads.PrimaryDown() {
			t.Errorf("searching without the primary: %v; known to be down: %v", err, reads.PrimaryDown())
		}
		age, known := reads.Age(time.Now())
		return known && age > 2*time.Second
	})
	if _, err := p.reads.SaveSearch(t.Context(), "Ferries", "q=ferry"); err == nil {
		t.Error("a search was saved without the primary")
	}
	p.primary.Start()
	p.await("the primary is back", func() bool { return p.reads.State().PrimaryProblem == "" })
	stop()
	p.put("east")
	p.awaitReplayed()
	p.expect(t.Context(), 3, replica.Replica)
}

// TestConflictIsRepeatedOnThePrimary has the standby cancel reads, because its recovery needs a lock.
func TestConflictIsRepeatedOnThePrimary(t *testing.T) {
	p := newPair(t, time.Hour)
	p.put("north", "south")
	p.awaitReplayed()
	stop := p.readAll()
	for range 20 {
		p.primary.Execute("ALTER TABLE articles ADD COLUMN brief int")
		p.primary.Execute("ALTER TABLE articles DROP COLUMN brief")
	}
	stop()
}

func TestUnsuitableReplicas(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	primary, standby := postgrestest.Replicated(t)
	s := storetest.Open(t, primary.URL("postgres"))
	for name, url := range map[string]string{
		"another server":             postgrestest.Database(t),
		"the primary itself":         primary.URL("postgres"),
		"another database":           standby.URL("template1"),
		"another kind of database":   "sqlite:articles.db",
		"an address without meaning": "postgres://host:port:1/",
	} {
		got, err := replica.Open(t.Context(), s, replica.Config{URL: url}, nil, quiet)
		if err == nil {
			t.Errorf("%s is accepted as replica", name)
			got.Close()
			continue
		}
		t.Logf("%s: %v", name, err)
		if strings.HasPrefix(url, "postgres:///") && !errors.Is(err, replica.ErrUnsuitable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	config := replica.Config{URL: standby.URL("postgres")}
	_, err := replica.Open(t.Context(), storetest.Open(t, storetest.SQLite(t)), config, nil, quiet)
	if err == nil || !strings.Contains(err.Error(), "only PostgreSQL has replicas") {
		t.Errorf("a replica of an SQLite file: %v", err)
	}
}

// TestOlderTablesAreNotRead migrates the primary while the replica does not follow.
func TestOlderTablesAreNotRead(t *testing.T) {
	primary, standby := postgrestest.Replicated(t)
	standby.Execute("SELECT pg_wal_replay_pause()")
	p := &pair{T: t, primary: primary, standby: standby, writer: storetest.Open(t, primary.URL("postgres"))}
	p.reads = p.open(0)
	p.put("north")
	p.expect(t.Context(), 1, replica.Primary)
	standby.Execute("SELECT pg_wal_replay_resume()")
	p.awaitFrom(replica.Replica)

	standby.Execute("SELECT pg_wal_replay_pause()")
	primary.Execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, true)")
	standby.Execute("SELECT pg_wal_replay_resume()")
	p.awaitFrom(replica.Primary)
	if text := p.reads.State().ReplicaProblem; !strings.Contains(text, "tables have version 1000") {
		t.Errorf("the reason is %q, want the version of the tables", text)
	}
	p.expect(t.Context(), 1, replica.Primary)
}

// TestReplicaIsUnreachable opens the store while the replica is down.
func TestReplicaIsUnreachable(t *testing.T) {
	p := newPair(t, time.Hour)
	p.put("north")
	p.standby.Kill()
	p.reads = p.open(time.Hour)
	p.expect(t.Context(), 1, replica.Primary)
	p.standby.Start()
	p.awaitFrom(replica.Replica)
}
