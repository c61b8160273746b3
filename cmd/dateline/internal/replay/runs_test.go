package replay_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// start starts a run.
func start(t *testing.T, s store.Store, selection replay.Selection) *replay.Run {
	t.Helper()
	run, err := replay.RunsOf(s).Start(t.Context(), selection, 0, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestOldRunsAreDeleted starts a run when there is one of 91 days ago, with more records than
// are deleted together.
func TestOldRunsAreDeleted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		const records, day = 2500, 24 * time.Hour
		runs := replay.RunsOf(s)
		ids := map[string]string{}
		for name, age := range map[string]time.Duration{"old": 91 * day, "recent": 89 * day} {
			run, err := runs.Start(t.Context(), replay.Selection{}, 0, time.Now().Add(-age))
			if err != nil {
				t.Fatal(err)
			}
			ids[name] = run.ID
		}
		for name, id := range ids {
			insert, err := s.SQL().Writer.PrepareContext(t.Context(), `INSERT INTO replaced_records
				(run, article_id, number, extract_time, restored, record) VALUES ($1, $2, 1, 0, false, $3)`)
			if err != nil {
				t.Fatal(err)
			}
			for i := range records {
				if _, err := insert.ExecContext(t.Context(), id, fmt.Sprint(name, i), []byte{}); err != nil {
					t.Fatal(err)
				}
			}
			insert.Close()
		}
		run := start(t, s, replay.Selection{})
		all, err := runs.List(t.Context())
		if err != nil || len(all) != 2 || all[0].ID != run.ID || all[1].ID != ids["recent"] {
			t.Errorf("runs %v, %v; want the new one and the recent one", all, err)
		}
		for name, want := range map[string]int{"old": 0, "recent": records} {
			var got int
			err := s.SQL().Reader.QueryRowContext(t.Context(), `SELECT count(*) FROM replaced_records WHERE run = $1`,
				ids[name]).Scan(&got)
			if err != nil || got != want {
				t.Errorf("%d records of the %s run, %v; want %d", got, name, err, want)
			}
		}
	})
}

// TestOneProcessCarriesOutARun continues a run while it is carried out, and after it.
func TestOneProcessCarriesOutARun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		_, js := natstest.Start(t)
		config := archiveConfig(t, s, js, 1)
		config.Run = start(t, s, replay.Selection{})
		config.Report = func(replay.Result) error {
			_, err := replay.RunsOf(s).Resume(t.Context(), config.Run.ID, time.Now)
			if err == nil || !strings.Contains(err.Error(), "another process carries out the run") {
				t.Errorf("continuing the run in progress: %v", err)
			}
			return nil
		}
		if err := replay.Replay(natstest.Context(t), config); err != nil {
			t.Fatal(err)
		}
		_, err := replay.RunsOf(s).Resume(t.Context(), config.Run.ID, time.Now)
		if err == nil || !strings.Contains(err.Error(), "has ended") {
			t.Errorf("continuing the run after its end: %v", err)
		}
	})
}

// TestAFailedRunIsContinued fails a run. It has not ended, and can be continued at once.
func TestAFailedRunIsContinued(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	_, js := natstest.Start(t)
	config := archiveConfig(t, s, js, 3)
	config.Run = start(t, s, replay.Selection{})
	failure := errors.New("the report cannot be written")
	config.Report = func(replay.Result) error { return failure }
	if err := replay.Replay(natstest.Context(t), config); !errors.Is(err, failure) {
		t.Fatalf("%v, want the failure", err)
	}
	run, err := replay.RunsOf(s).Resume(t.Context(), config.Run.ID, func() time.Time { return config.Run.Started })
	if err != nil || !run.Ended.IsZero() {
		t.Errorf("continuing the run: %v", err)
	}
}

// TestUndoEndsTheRun undoes a run in progress. The run fails, and the undo waits for it.
func TestUndoEndsTheRun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		_, js := natstest.Start(t)
		runs := replay.RunsOf(s)
		config := archiveConfig(t, s, js, 3)
		config.Run = start(t, s, replay.Selection{})
		undone := make(chan error, 1)
		config.Report = func(r replay.Result) error {
			if !strings.HasSuffix(r.URL, "/0") {
				return nil
			}
			go func() {
				_, err := replay.Undo(natstest.Context(t), runs, config.Run, js, slog.New(slog.DiscardHandler))
				undone <- err
			}()
			natstest.Eventually(t, "the run is marked", func() bool {
				run, err := runs.Run(t.Context(), config.Run.ID)
				return err == nil && !run.Undone.IsZero()
			})
			return nil
		}
		err := replay.Replay(natstest.Context(t), config)
		if err == nil || !strings.Contains(err.Error(), "was undone") {
			t.Errorf("the run ended with %v, want that it was undone", err)
		}
		if err := <-undone; err != nil {
			t.Error(err)
		}
		run, err := runs.Run(t.Context(), config.Run.ID)
		if err != nil || run.Undone.IsZero() || run.Ended.IsZero() {
			t.Errorf("%+v, %v", run, err)
		}
	})
}

// TestUndoWaitsForTheIndexer undoes a run while a record waits for the indexer.
func TestUndoWaitsForTheIndexer(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	_, js := natstest.Start(t)
	run := start(t, s, replay.Selection{})
	if _, err := js.Publish(t.Context(), subject.Articles("en", "com.example"), []byte("record")); err != nil {
		t.Fatal(err)
	}
	consumer, err := js.Consumer(t.Context(), subject.StreamArticles, subject.ConsumerIndex)
	if err != nil {
		t.Fatal(err)
	}
	later := replacedRecord(t, s, run.ID) // is not stored before the message is acked
	msg, err := consumer.Next()
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		undone replay.Undone
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		done, err := replay.Undo(natstest.Context(t), replay.RunsOf(s), run, js, slog.New(slog.DiscardHandler))
		ended <- result{done, err}
	}()
	natstest.Eventually(t, "the run is marked", func() bool {
		run, err := replay.RunsOf(s).Run(t.Context(), run.ID)
		return err == nil && !run.Undone.IsZero()
	})
	later()
	if err := msg.Ack(); err != nil {
		t.Fatal(err)
	}
	if got := <-ended; got.err != nil || got.undone.Published != 1 {
		t.Errorf("%+v, want the record that was stored last", got)
	}
}

// replacedRecord returns a function that stores a record that a run has replaced.
func replacedRecord(t *testing.T, s store.Store, run string) func() {
	t.Helper()
	return func() {
		_, err := s.SQL().Writer.ExecContext(t.Context(), `INSERT INTO replaced_records
			(run, article_id, number, extract_time, restored, record) VALUES ($1, 'a', 1, 0, false, $2)`,
			run, []byte{0x0a, 1, 'a'}) // Article.id
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestProgressOverWebArchives reads the progress of a run in between.
func TestProgressOverWebArchives(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	_, js := natstest.Start(t)
	config := archiveConfig(t, s, js, 150)
	config.Run = start(t, s, replay.Selection{})
	config.Report = func(r replay.Result) error {
		if strings.HasSuffix(r.URL, "/120") {
			run, err := replay.RunsOf(s).Run(t.Context(), config.Run.ID)
			if err != nil || run.Counts.Pages != 100 {
				t.Errorf("progress %+v, %v; want 100 pages", run.Counts, err)
			}
		}
		return nil
	}
	if err := replay.Replay(natstest.Context(t), config); err != nil {
		t.Fatal(err)
	}
}

// refusedPages adds captures of n URLs of a host to the index whose pages were refused. Two URLs share
// each key, and each of them has two captures, which alternate.
func refusedPages(t *testing.T, s store.Store, host string, n int) (urls []string) {
	t.Helper()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var all []captures.Capture
	var outcomes []*datelinev1.Outcome
	for i := range n / 2 {
		for hour := range 2 {
			for _, scheme := range []string{"http", "https"} {
				url := fmt.Sprintf("%s://%s/%03d", scheme, host, i)
				id := fmt.Sprintf("%s-%s-%d-%d.0", scheme, host, i, hour)
				all = append(all, captures.Capture{
					PageID: id, URL: url, Time: at.Add(time.Duration(len(all)) * time.Second), Status: 200, Type: "text/html",
					Digest: "sha256:1", File: host + ".warc.gz", Offset: int64(1000 * len(all)), Length: 500,
				})
				outcomes = append(outcomes, &datelinev1.Outcome{
					Stage: datelinev1.Stage_STAGE_EXTRACT, InputId: id, RequestId: strings.TrimSuffix(id, ".0"), Url: url,
					Verdict: datelinev1.Verdict_VERDICT_REJECTED, Reason: string(outcome.NoArticle), Time: timestamppb.New(at),
				})
				if hour == 0 {
					urls = append(urls, url)
				}
			}
		}
	}
	if err := captures.Of(s).Add(t.Context(), host+".warc.gz", 1, all); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(t.Context(), outcomes); err != nil {
		t.Fatal(err)
	}
	return urls
}

// TestRefusedPagesAreContinued fails a run among refused pages. After it was continued, each
// URL was extracted, and no more than 100 twice.
func TestRefusedPagesAreContinued(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s store.Store) {
		const pages = 300
		urls := refusedPages(t, s, "example.com", pages)
		_, js := natstest.Start(t)
		selection := replay.Selection{Refused: true}
		config := archiveConfig(t, s, js, 0)
		config.Selection, config.Archived = selection, true
		config.Library = library.New(s, js).WithArchive(files.InFolder(t.TempDir()))
		config.Run = start(t, s, selection)
		failure := errors.New("interrupted")
		var first, second []string
		config.Report = func(r replay.Result) error {
			if len(first) == 250 {
				return failure
			}
			first = append(first, r.URL)
			return nil
		}
		if err := replay.Replay(natstest.Context(t), config); !errors.Is(err, failure) {
			t.Fatal(err)
		}
		var err error
		if config.Run, err = replay.RunsOf(s).Resume(t.Context(), config.Run.ID, time.Now); err != nil {
			t.Fatal(err)
		}
		config.Report = func(r replay.Result) error {
			second = append(second, r.URL)
			return nil
		}
		if err := replay.Replay(natstest.Context(t), config); err != nil {
			t.Fatal(err)
		}
		if len(second) != 100 {
			t.Errorf("%d pages after the run was continued at the 200th, want 100", len(second))
		}
		got := slices.Concat(first[:200], second)
		slices.Sort(got)
		slices.Sort(urls)
		if !slices.Equal(got, urls) {
			t.Errorf("%d URLs, want each of %d once", len(got), len(urls))
		}
	})
}

// TestRefusedPagesOfHosts extracts those of the chosen hosts only, and those of each.
func TestRefusedPagesOfHosts(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	var urls []string
	for _, host := range []string{"a.example", "b.example", "c.example"} {
		urls = append(urls, refusedPages(t, s, host, 4)...)
	}
	_, js := natstest.Start(t)
	selection := replay.Selection{Refused: true}
	selection.Query.Filter.Hosts = []string{"a.example", "b.example"}
	config := archiveConfig(t, s, js, 0)
	config.Selection, config.Archived = selection, true
	config.Library = library.New(s, js).WithArchive(files.InFolder(t.TempDir()))
	config.Run = start(t, s, selection)
	var got []string
	config.Report = func(r replay.Result) error {
		got = append(got, r.URL)
		return nil
	}
	if err := replay.Replay(natstest.Context(t), config); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(urls[:8])); !slices.Equal(got, want) {
		t.Errorf("the URLs are %q, want %q", got, want)
	}
}
