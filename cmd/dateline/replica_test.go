package main

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestCommandsReadReplica searches with the primary and without it.
func TestCommandsReadReplica(t *testing.T) {
	primary, standby := postgrestest.Replicated(t)
	const url = "https://example.com/ferry"
	storetest.Put(t, storetest.Open(t, primary.URL("postgres")), &datelinev1.Article{
		Id: "id-ferry", CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com", Title: "Ferry sails",
		Text: "The ferry sails again.", ContentHash: "ferry",
	})
	awaitArticle(t, standby.URL("postgres"))
	run := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, out, errs := dateline(t, args...)
		if code != wantCode || !strings.Contains(out+errs, want) {
			t.Errorf("%v: code %d, want %d and %q:\n%s%s", args, code, wantCode, want, out, errs)
		}
	}
	store, replica := "--store-url="+primary.URL("postgres"), "--store-replica-url="+standby.URL("postgres")
	run(0, "Ferry sails", "search", "ferry", store, replica)
	run(2, "SQLite has no replicas", "search", "ferry", "--store-url=sqlite:articles.db", replica)
	run(2, "SQLite has no replicas", "search", "ferry", "--data", t.TempDir(), replica)
	run(2, "replica-max-lag is -1s", "search", "ferry", store, replica, "--store-replica-max-lag=-1s")
	run(1, "accepts writes", "search", "ferry", store, "--store-replica-url="+primary.URL("postgres"))
	// There is no NATS server, so that the doctor always finds a problem.
	run(1, "the replica answers", "doctor", "--json", store, replica)
	run(1, "accepts writes", "doctor", "--json", store, "--store-replica-url="+primary.URL("postgres"))

	primary.Kill()
	run(0, "Ferry sails", "search", "ferry", store, replica)
	run(0, "the database is unavailable, reading from its replica", "show", url, store, replica)
	run(1, "the replica is compared with the store, which cannot be read", "doctor", "--json", store, replica)
	run(1, "check that the server runs", "erase", url, "--yes", store, replica)
}

// awaitArticle waits until a replica has the article that was stored in its primary.
func awaitArticle(t *testing.T, replica string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), replica)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	natstest.Eventually(t, "the replica to have the article", func() bool {
		found := 0
		err := conn.QueryRow(t.Context(), "SELECT count(*) FROM articles").Scan(&found)
		return err == nil && found == 1
	})
}
