package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/internal/certtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// olderPages is the number of pages of each round of TestStoreOlderThanStreams.
const olderPages = 30

// aStore is a store that can be backed up and restored while no pipeline uses it.
type aStore struct {
	url           string
	save, restore func(*testing.T)
}

// TestStoreOlderThanStreams restores the store from a backup while the streams continue.
// The gap must be reported, and one command must bring back every article and outcome
// exactly once.
func TestStoreOlderThanStreams(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) aStore{"SQLite": sqliteFile, "PostgreSQL": postgresDatabase} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testOlderStore(t, open(t))
		})
	}
}

func sqliteFile(t *testing.T) aStore {
	t.Helper()
	path, saved := filepath.Join(t.TempDir(), "articles.db"), filepath.Join(t.TempDir(), "saved.db")
	return aStore{
		url: "sqlite:" + path,
		save: func(t *testing.T) {
			if err := store.BackupSQLite(t.Context(), path, saved); err != nil {
				t.Fatal(err)
			}
		},
		restore: func(t *testing.T) {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				if err := os.RemoveAll(path + suffix); err != nil {
					t.Fatal(err)
				}
			}
			copyFile(t, saved, path)
		},
	}
}

// postgresDatabase copies the database within a server of its own.
func postgresDatabase(t *testing.T) aStore {
	t.Helper()
	authority := certtest.New(t)
	own := authority.Issue(t, "postgres", time.Now().Add(time.Hour))
	address := postgrestest.Encrypted(t, authority) + "&" +
		url.Values{"sslcert": {own.Certificate}, "sslkey": {own.Key}}.Encode()
	execute := func(t *testing.T, statement string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, "CREATE DATABASE articles")
	return aStore{
		url:  strings.Replace(address, "/postgres?", "/articles?", 1),
		save: func(t *testing.T) { execute(t, "CREATE DATABASE saved TEMPLATE articles") },
		restore: func(t *testing.T) {
			execute(t, "DROP DATABASE articles WITH (FORCE)")
			execute(t, "CREATE DATABASE articles TEMPLATE saved")
		},
	}
}

func testOlderStore(t *testing.T, backend aStore) {
	site := newGate()
	close(site.opened)
	origins := listen(t, site)
	cfg := gatedConfig(t)
	cfg.Admin.Addr = natstest.FreeAddr(t)
	cfg.Store.URL = backend.url
	dir, storeFlags := cfg.Data.Dir, []string{"--store-url", backend.url}
	messages := &logged{}
	log := slog.New(slog.NewTextHandler(messages, nil))

	p := runPipeline(t, cfg, log)
	storeRound(t, p, origins, 0)
	p.stop()
	backend.save(t)
	p = runPipeline(t, cfg, log)
	storeRound(t, p, origins, 1)
	p.stop()
	complete := storedArticles(t, openURL(t, backend.url))
	if messages.contains("the store is older") || len(complete) != 2*olderPages {
		t.Fatalf("%d articles, want %d; log: %s", len(complete), 2*olderPages, messages)
	}

	backend.restore(t)
	p = runPipeline(t, cfg, log)
	natstest.Eventually(t, "a message in the log", func() bool {
		return messages.contains(`msg="the store is older than the streams`) &&
			messages.contains("stream=ARTICLES messages=30")
	})
	natstest.Eventually(t, "a warning of /readyz", func() bool {
		status, text := readiness(t, cfg.Admin.Addr)
		return status == http.StatusOK && strings.Contains(text, "progress: the store is older than the streams") &&
			strings.Contains(text, "30 messages of ARTICLES") && strings.Contains(text, "dateline repair")
	})
	storeRound(t, p, origins, 2) // new messages do not hide the missing ones
	want := "problem: the store is older than the streams: it lacks 30 messages of ARTICLES that were acked, " +
		"of which the stream has removed 0"
	got := finding(t, dir, "progress", storeFlags...)
	if !strings.HasPrefix(got, want) || !strings.Contains(got, "dateline repair") {
		t.Errorf("the doctor finds %q, want %q", got, want)
	}
	missing := rereadLines(t, dir, storeFlags...)
	if m := missing["ARTICLES"]; m.Messages != olderPages || m.Stored {
		t.Errorf("repair lists %+v", missing)
	}
	missing = rereadLines(t, dir, append(storeFlags, "--yes")...)
	if m := missing["ARTICLES"]; m.Messages != olderPages || m.Gone != 0 || !m.Stored {
		t.Errorf("repair stores %+v", missing)
	}
	if m := missing["OUTCOMES"]; m.Messages < 4*olderPages || m.Gone != 0 || !m.Stored {
		t.Errorf("repair stores %+v", missing)
	}
	if again := rereadLines(t, dir, append(storeFlags, "--yes")...); len(again) > 0 {
		t.Errorf("the second repair finds %+v", again)
	}
	if got := finding(t, dir, "progress", storeFlags...); !strings.HasPrefix(got, "ok") {
		t.Errorf("after the repair, the doctor finds %q", got)
	}
	natstest.Eventually(t, "no warning of /readyz", func() bool {
		_, text := readiness(t, cfg.Admin.Addr)
		return strings.Contains(text, "progress: ok")
	})
	p.stop()
	stored := openURL(t, backend.url)
	checkLedgerOf(t, stored, dir, 0)
	repaired := storedArticles(t, stored)
	for url, revisions := range complete {
		if repaired[url] != revisions || revisions != 1 {
			t.Errorf("%s has %d revisions, and had %d before", url, repaired[url], revisions)
		}
	}
	if len(repaired) != 3*olderPages {
		t.Errorf("the store has %d articles, want %d", len(repaired), 3*olderPages)
	}
	if n := site.repeated(); n > 0 {
		t.Errorf("%d pages were fetched again", n)
	}
}

// storeRound publishes the URLs of a round and waits until they are stored.
func storeRound(t *testing.T, p *running, origins []string, round int) {
	t.Helper()
	var urls []string
	for i := range olderPages {
		urls = append(urls, fmt.Sprintf("%s/harbour/%d/%d", origins[i%len(origins)], round, i))
	}
	before := streamState(t, p.Bus, subject.StreamArticles).LastSeq
	if _, err := p.Bus.JS.Publish(t.Context(), subject.URLs, []byte(strings.Join(urls, "\n"))); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "an article of each URL", func() bool {
		return streamState(t, p.Bus, subject.StreamArticles).LastSeq == before+olderPages
	})
	natstest.Eventually(t, "an empty frontier", func() bool { // or else the next start fetches a page again
		return streamState(t, p.Bus, subject.StreamFrontier).Msgs == 0
	})
	settle(t, p)
}

func openURL(t *testing.T, url string) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// storedArticles returns the number of revisions of each article by URL.
func storedArticles(t *testing.T, s store.Store) map[string]int {
	t.Helper()
	revisions := map[string]int{}
	query := store.Query{Limit: 100}
	for {
		page, err := s.Search(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, hit := range page.Hits {
			all, err := s.Revisions(t.Context(), hit.Article.GetId())
			if err != nil {
				t.Fatal(err)
			}
			revisions[hit.Article.GetCanonicalUrl()] = len(all)
		}
		if query.After = page.Next; query.After == "" {
			return revisions
		}
	}
}

// reread is a line of "repair --json" about a stream.
type reread struct {
	Stream         string
	Messages, Gone uint64
	Stored         bool
}

// rereadLines runs "repair --json", which must find no lost inputs once the store is
// repaired, and returns the lines by stream.
func rereadLines(t *testing.T, dir string, args ...string) map[string]reread {
	t.Helper()
	code, out, errs := dateline(t, append([]string{"repair", "--json", "--data", dir}, args...)...)
	if code != 0 {
		t.Fatalf("repair: exit code %d: %s%s", code, errs, out)
	}
	found := map[string]reread{}
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var r reread
		if err := decoder.Decode(&r); err != nil {
			t.Fatal(err)
		}
		found[r.Stream] = r
	}
	if _, other := found[""]; other {
		t.Errorf("repair %v lists lost inputs: %v %s", args, slices.Collect(maps.Keys(found)), out)
	}
	return found
}

// readiness returns the status and the text of /readyz.
func readiness(t *testing.T, admin string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(natstest.Context(t), http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(data)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// logged collects log messages.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) contains(text string) bool { return strings.Contains(l.String(), text) }
