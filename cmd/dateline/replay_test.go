package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/replay"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// archivedSite is a site whose pages were fetched, stored and archived.
type archivedSite struct {
	url, dir, archive string
	flags             []string        // for commands
	service           *objects.Config // nil unless the archive is in a bucket
}

// newArchivedSite fetches articles with the given names, and a page without an article, into
// an archive.
func newArchivedSite(t *testing.T, names ...string) *archivedSite {
	t.Helper()
	return fetchIntoArchive(t, nil, serveHarbours, []string{"--label", "desk=harbour"}, append(names, "empty")...)
}

// serveHarbours serves articles, and a page without an article.
func serveHarbours(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	switch r.URL.Path {
	case "/empty":
		fmt.Fprint(w, "<html><title>Nothing</title><p>Nothing here.")
		return
	case "/erased": // of which the others must not be copies
		fmt.Fprint(w, storyPage(1))
		return
	}
	fmt.Fprint(w, strings.Replace(harbourPage(r.URL.Path[1:]), "<h1>",
		`<meta name="author" content="Ann Lee"><meta property="article:published_time" content="2026-03-04T05:06:07Z"><h1>`,
		1))
}

// fetchIntoArchive fetches pages of a site into an archive, with further flags. The archive
// is in a bucket if there is a service, and else in a folder.
func fetchIntoArchive(
	t *testing.T, service *objects.Config, handler http.HandlerFunc, flags []string, names ...string,
) *archivedSite {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s := &archivedSite{url: server.URL, dir: t.TempDir(), service: service}
	s.archive = filepath.Join(s.dir, "archive")
	if service != nil {
		s.archive = "s3://" + s3test.Bucket + "/news"
	}
	s.flags = []string{"--data", s.dir, "--archive", s.archive, "--archiver-min-free=0", "--data-min-free=0"}
	if service != nil {
		s.flags = append(s.flags, bucketFlags(*service)...)
	}
	s.fetch(t, flags, names...)
	return s
}

// fetch fetches pages of the site into the archive, with further flags.
func (s *archivedSite) fetch(t *testing.T, flags []string, names ...string) {
	t.Helper()
	args := slices.Concat(s.flags[2:], flags)
	for _, name := range names {
		args = append(args, s.url+"/"+name)
	}
	ingest(t, s.dir, args...)
	run := runPipeline(t, s.config(), slog.New(slog.DiscardHandler))
	natstest.Eventually(t, "all pages are archived", func() bool {
		consumer, err := run.Bus.JS.Consumer(t.Context(), subject.StreamPages, subject.ConsumerArchive)
		return err == nil && isDone(t, run) && isDone(t, run) &&
			consumer.CachedInfo().AckFloor.Stream == streamState(t, run.Bus, subject.StreamPages).LastSeq
	})
	if err := run.Settle(t.Context(), natstest.Patience(t)); err != nil {
		t.Fatal(err)
	}
	run.stop()
}

// config returns the configuration of a pipeline with the archive.
func (s *archivedSite) config() pipeline.Config {
	cfg := testConfig(s.dir)
	cfg.Archiver.Dir, cfg.Archiver.MinFree = s.archive, 0
	cfg.Fetcher.AllowPrivate, cfg.Fetcher.Delay, cfg.Fetcher.DelayFactor = true, time.Millisecond, 0
	if s.service != nil {
		cfg.S3 = *s.service
	}
	return cfg
}

// isDone reports whether all URLs, pages and articles of a pipeline have ended. The extractor
// requests the next page of an article before it acks a page.
func isDone(t *testing.T, run *running) bool {
	t.Helper()
	for stream, name := range map[string]string{
		subject.StreamPages: subject.ConsumerExtract, subject.StreamArticles: subject.ConsumerIndex,
	} {
		consumer, err := run.Bus.JS.Consumer(t.Context(), stream, name)
		if err != nil || consumer.CachedInfo().NumPending > 0 || consumer.CachedInfo().NumAckPending > 0 {
			return false
		}
	}
	urls, frontier := streamState(t, run.Bus, subject.StreamURLs), streamState(t, run.Bus, subject.StreamFrontier)
	return urls.Msgs+frontier.Msgs == 0
}

// alter changes the stored record of a page, as if an earlier extractor had made it.
func (s *archivedSite) alter(t *testing.T, name string, change func(*datelinev1.Article)) {
	t.Helper()
	st := openStore(t, s.dir)
	defer st.Close()
	s.alterIn(t, st, name, change)
}

// alterIn is alter for a store that is open, which saves time if many records are altered.
func (s *archivedSite) alterIn(t *testing.T, st store.Store, name string, change func(*datelinev1.Article)) {
	t.Helper()
	alterRecord(t, st, s.url+"/"+name, change)
}

// alterRecord changes the stored record of an article with a URL.
func alterRecord(t *testing.T, st store.Store, url string, change func(*datelinev1.Article)) {
	t.Helper()
	hit, err := st.Article(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	a := proto.CloneOf(hit.Article)
	a.ContentHash, a.ExtractorVersion = "hash of "+url, "1.0.0"
	change(a)
	record, err := proto.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	db, hash := st.SQL().Writer, a.GetContentHash()
	_, err = db.ExecContext(t.Context(), `UPDATE revisions SET record = $1, content_hash = $2 WHERE article_id = $3`,
		record, hash, hit.ID)
	if err == nil {
		_, err = db.ExecContext(t.Context(), `UPDATE articles SET content_hash = $1 WHERE id = $2`, hash, hit.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// replay runs dateline replay, and returns the lines with differences by the last part of
// their URL, and the summary.
func (s *archivedSite) replay(t *testing.T, args ...string) (map[string]replay.Result, replay.Summary, string) {
	t.Helper()
	args = slices.Concat([]string{"replay", "--json", "--rate=0"}, args, s.flags)
	code, out, errText := dateline(t, args...)
	if code != 0 {
		t.Fatalf("%s: exit code %d, %s", args, code, errText)
	}
	return decodeReplay(t, out)
}

// decodeReplay decodes the output of dateline replay.
func decodeReplay(t *testing.T, out string) (map[string]replay.Result, replay.Summary, string) {
	t.Helper()
	lines := map[string]replay.Result{}
	var last struct {
		Run     string         `json:"run"`
		Summary replay.Summary `json:"summary"`
	}
	for line := range strings.Lines(out) {
		var one replay.Result
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if one.URL == "" {
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Fatal(err)
			}
			continue
		}
		lines[one.URL[strings.LastIndexByte(one.URL, '/')+1:]] = one
	}
	return lines, last.Summary, last.Run
}

// fieldsOf returns the fields that differ.
func fieldsOf(r replay.Result) string {
	var names []string
	for _, d := range r.Differences {
		names = append(names, d.Field)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// TestReplayNamesWhatDiffers alters stored records, and compares them with their pages.
func TestReplayNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	s := newArchivedSite(t, "same", "title", "date", "minute", "authors", "longer", "shorter", "many", "added")
	if lines, summary, _ := s.replay(t); len(lines) != 1 || summary.Statuses[replay.Same] != 9 ||
		lines["empty"].Status != replay.StillRefused {
		t.Fatalf("before any change: %+v, %+v", lines, summary)
	}
	s.alter(t, "title", func(a *datelinev1.Article) { a.Title = "Another title" })
	s.alter(t, "date", func(a *datelinev1.Article) {
		a.Published.Value = timestamppb.New(a.GetPublished().GetValue().AsTime().Add(48 * time.Hour))
	})
	s.alter(t, "minute", func(a *datelinev1.Article) {
		a.Published.Value = timestamppb.New(a.GetPublished().GetValue().AsTime().Add(time.Minute))
	})
	s.alter(t, "authors", func(a *datelinev1.Article) { a.Authors = nil })
	s.alter(t, "longer", func(a *datelinev1.Article) { a.Text, _, _ = strings.Cut(a.GetText(), "\n") })
	s.alter(t, "shorter", func(a *datelinev1.Article) { a.Text += "\n\nAnd many more words that were not in the text." })
	s.alter(t, "many", func(a *datelinev1.Article) { a.Title, a.Language, a.Tags = "Other", "de", []string{"tag"} })
	s.remove(t, "added")

	want := map[string]string{
		"title": "title", "date": "content_hash, date", "minute": "content_hash, published",
		"authors": "authors, content_hash", "longer": "text gained", "shorter": "text lost",
		"many": "language, tags, title", "added": "accepted now",
	}
	lines, summary, run := s.replay(t)
	for name, fields := range want {
		if got := fieldsOf(lines[name]); got != fields {
			t.Errorf("%s differs in %q, want %q", name, got, fields)
		}
	}
	if len(lines) != len(want)+1 || summary.Statuses[replay.Same] != 1 || summary.Differing() != len(want) || run != "" {
		t.Errorf("%d lines, run %q, %+v", len(lines), run, summary)
	}
	if lines, _, _ := s.replay(t, "--extractor-version", article.Version); len(lines) != 0 {
		t.Errorf("records of this version: %+v", lines)
	}
	if lines, _, _ := s.replay(t, "--url", s.url+"/title"); len(lines) != 1 || lines["title"].Version != "1.0.0" {
		t.Errorf("one URL: %+v", lines)
	}
	if _, summary, _ := s.replay(t, "--host", "example.com"); summary.Pages != 0 {
		t.Errorf("another host: %+v", summary)
	}
	checkReplayReports(t, s)
}

// TestReplayJoinsPages extracts articles again whose text was joined from several pages.
func TestReplayJoinsPages(t *testing.T) {
	t.Parallel()
	s := fetchIntoArchive(t, nil, servePages, []string{"--extractor-follow"}, "three", "chain", "broken", "soft", "single")
	if lines, summary, _ := s.replay(t); summary.Statuses[replay.Same] != 5 || summary.Differing() != 0 {
		t.Fatalf("%+v, %+v", lines, summary)
	}
	s.alter(t, "three", func(a *datelinev1.Article) { a.Title = "Before" })
	if _, summary, _ := s.replay(t, "--apply"); summary.Statuses[replay.Differs] != 1 {
		t.Errorf("%+v", summary)
	}
	checkPaged(t, openStore(t, s.dir), s.url+"/three", "/three", 3, 2, true)
	if s.title(t, "three") == "Before" {
		t.Error("the joined record was not replaced")
	}
}

// checkReplayReports checks the table and the page.
func checkReplayReports(t *testing.T, s *archivedSite) {
	t.Helper()
	page := filepath.Join(t.TempDir(), "report.html")
	s.alter(t, "title", func(a *datelinev1.Article) { a.Title = "<script>alert(1)</script>" })
	args := slices.Concat([]string{"replay", "--html", page}, s.flags)
	code, out, errText := dateline(t, args...)
	if code != 0 || !strings.Contains(out, "accepted now") || !strings.Contains(out, "8 differ") {
		t.Errorf("exit code %d, %s\n%s", code, errText, out)
	}
	html, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(html), "&lt;script&gt;alert(1)") ||
		strings.Contains(string(html), "<script") || !strings.Contains(string(html), "Harbour reopens") {
		t.Errorf("report %v:\n%s", err, html)
	}
	code, out, errText = dateline(t, slices.Concat([]string{"replay", "--host", "other.example"}, s.flags)...)
	if code != 0 || !strings.Contains(out, "extracted 0 pages") ||
		!strings.Contains(out, ": no page matches the selection\n") {
		t.Errorf("for a host without pages: exit code %d, %s\n%s", code, errText, out)
	}
	code, _, errText = dateline(t, "replay", "--data", s.dir)
	if code != 1 || !strings.Contains(errText, "--archive") {
		t.Errorf("without an archive: exit code %d, %s", code, errText)
	}
}

// remove deletes the article of a page from the store, as if its page had been refused.
func (s *archivedSite) remove(t *testing.T, name string) {
	t.Helper()
	st := openStore(t, s.dir)
	defer st.Close()
	hit, err := st.Article(t.Context(), s.url+"/"+name)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`DELETE FROM article_words WHERE rowid = (SELECT row FROM articles WHERE id = $1)`,
		`DELETE FROM recent_keys WHERE row = (SELECT row FROM articles WHERE id = $1)`,
		`DELETE FROM revisions WHERE article_id = $1`, `DELETE FROM articles WHERE id = $1`,
		`DELETE FROM aliases WHERE article_id = $1`,
	} {
		if _, err := st.SQL().Writer.ExecContext(t.Context(), query, hit.ID); err != nil {
			t.Fatal(err)
		}
	}
	refuse(t, st, hit.Article)
}

// refuse changes the outcome of the extraction of a page to a refusal.
func refuse(t *testing.T, st store.Store, a *datelinev1.Article) {
	t.Helper()
	outcomes, err := st.RequestOutcomes(t.Context(), []string{a.GetRequestId()})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		if o.GetStage() != datelinev1.Stage_STAGE_EXTRACT {
			continue
		}
		o.Verdict, o.Reason = datelinev1.Verdict_VERDICT_REJECTED, string(outcome.NoArticle)
		record, err := proto.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		const query = `UPDATE outcomes SET record = $1 WHERE stage = $2 AND input_id = $3`
		_, err = st.SQL().Writer.ExecContext(t.Context(), query, record, int32(o.GetStage()), o.GetInputId())
		if err != nil {
			t.Fatal(err)
		}
	}
}

// stored returns the article of a page.
func (s *archivedSite) stored(t *testing.T, name string) (store.Hit, error) {
	t.Helper()
	st := openStore(t, s.dir)
	defer st.Close()
	return st.Article(t.Context(), s.url+"/"+name)
}

// title returns the title of the article of a page.
func (s *archivedSite) title(t *testing.T, name string) string {
	t.Helper()
	hit, err := s.stored(t, name)
	if err != nil {
		t.Fatal(err)
	}
	return hit.Article.GetTitle()
}

// TestReplayAppliesAndUndoes replaces records, and restores them.
func TestReplayAppliesAndUndoes(t *testing.T) {
	t.Parallel()
	s := newArchivedSite(t, "one", "two", "erased", "added")
	for _, name := range []string{"one", "two", "erased"} {
		s.alter(t, name, func(a *datelinev1.Article) { a.Title = "Before " + name })
	}
	s.remove(t, "added")
	erase := slices.Concat([]string{"erase", "--yes", s.url + "/erased"}, s.flags)
	if code, _, errText := dateline(t, erase...); code != 0 {
		t.Fatal(errText)
	}
	_, summary, run := s.replay(t, "--apply")
	if run == "" || summary.Statuses[replay.Differs] != 2 || summary.Statuses[replay.Accepted] != 1 {
		t.Fatalf("run %q, %+v", run, summary)
	}
	hit, err := s.stored(t, "one")
	if err != nil || hit.Article.GetTitle() != "Harbour reopens" || hit.Revisions != 1 ||
		hit.Article.GetReplay().GetRun() != run || hit.Article.GetExtractorVersion() != article.Version {
		t.Errorf("after the run: %v, %v", hit, err)
	}
	_, out, _ := dateline(t, slices.Concat([]string{"history", s.url + "/one"}, s.flags)...)
	if !strings.Contains(out, "revision 1: extracted again by "+article.Version+", run "+run) {
		t.Errorf("the history lacks the run:\n%s", out)
	}
	if hit, err := s.stored(t, "added"); err != nil || hit.Article.GetTitle() != "Harbour reopens" ||
		hit.Article.GetLabels()["desk"] != "harbour" {
		t.Errorf("the page that has an article now: %v, %v", hit, err)
	}
	if _, err := s.stored(t, "erased"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the erased article: %v", err)
	}
	if _, summary, _ := s.replay(t); summary.Differing() != 0 {
		t.Errorf("after the run, %+v", summary)
	}
	checkLedger(t, s.dir, 0)
	s.checkUndo(t, run)
	bus, err := pipeline.OpenBus(t.Context(), testConfig(s.dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	stream, err := bus.JS.Stream(t.Context(), subject.StreamRevisions)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter(subject.AllRevisions))
	if err != nil {
		t.Fatal(err)
	}
	events := map[string]uint64{}
	for name, n := range info.State.Subjects {
		events[strings.Split(name, ".")[1]] += n
	}
	if events["extracted_again"] < 3 || events["restored"] < 2 || events["changed"] > 0 {
		t.Errorf("events %v, want only articles that were extracted again or restored", events)
	}
}

// checkUndo undoes a run after one of its articles has changed.
func (s *archivedSite) checkUndo(t *testing.T, run string) {
	t.Helper()
	s.alter(t, "two", func(a *datelinev1.Article) { a.Title = "Before two" })
	_, _, second := s.replay(t, "--apply")
	for _, test := range []struct{ run, one, two string }{
		{run, "Before one", "Harbour reopens"}, // the second run has replaced the other one
		{second, "Before one", "Before two"},
	} {
		code, out, errText := dateline(t, slices.Concat([]string{"replay", "undo", test.run}, s.flags)...)
		if code != 0 {
			t.Fatalf("exit code %d, %s%s", code, out, errText)
		}
		if one, two := s.title(t, "one"), s.title(t, "two"); one != test.one || two != test.two {
			t.Errorf("after undoing %s: %q and %q, want %q and %q", test.run, one, two, test.one, test.two)
		}
	}
	checkLedger(t, s.dir, 0)
	code, out, errText := dateline(t, slices.Concat([]string{"replay", "runs"}, s.flags)...)
	if code != 0 || strings.Count(out, "undone") != 2 || !strings.Contains(out, "2 runs") {
		t.Errorf("exit code %d, %s\n%s", code, errText, out)
	}
	code, _, errText = dateline(t, slices.Concat([]string{"replay", "undo", "unknown"}, s.flags)...)
	if code != 1 || !strings.Contains(errText, "there is no such run") {
		t.Errorf("an unknown run: exit code %d, %s", code, errText)
	}
}
