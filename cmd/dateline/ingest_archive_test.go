package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/warctest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// captured is when the pages of the tests were captured.
var captured = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// archivedPage returns a record of a page about the harbour of a place.
func archivedPage(place string, at time.Time) warctest.Record {
	return warctest.Page(place, "https://www.harbour.example/"+place, at, []byte(harbourPage(place)))
}

// archivedResponse returns a record of a response with a header and a body.
func archivedResponse(place, status, header string, body []byte, fields ...string) warctest.Record {
	r := archivedPage(place, captured)
	r.Block = fmt.Appendf(nil, "HTTP/1.1 %s\r\n%s\r\n%s", status, header, body)
	r.Fields = fields
	return r
}

// archiveFile writes an archive of gzip members, and returns its path.
func archiveFile(t *testing.T, members ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pages.warc.gz")
	if err := os.WriteFile(path, bytes.Join(members, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// archiveOf writes an archive of records, and returns its path.
func archiveOf(t *testing.T, records ...warctest.Record) string {
	t.Helper()
	var members [][]byte
	for _, r := range records {
		members = append(members, r.Gzip())
	}
	return archiveFile(t, members...)
}

// compressed applies a content coding.
func compressed(t *testing.T, coding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	case "deflate":
		w, err = flate.NewWriter(&b, flate.BestSpeed)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wantArticle checks that the article of an archived page is stored as captured.
func wantArticle(t *testing.T, s store.Store, place string, at time.Time) *datelinev1.Article {
	t.Helper()
	hit, err := s.Article(t.Context(), "https://www.harbour.example/"+place)
	if err != nil {
		t.Errorf("%s: %v", place, err)
		return nil
	}
	a := hit.Article
	if !a.GetFetchTime().AsTime().Equal(at) || !strings.Contains(a.GetText(), "The harbour of "+place+" opened") {
		t.Errorf("%s was captured at %s, with the text %.80q", place, a.GetFetchTime().AsTime(), a.GetText())
	}
	return a
}

// TestIngestArchive ingests an archive with pages in all forms, with other records and
// with a broken member.
func TestIngestArchive(t *testing.T) {
	t.Parallel()
	const html = "Content-Type: text/html; charset=utf-8\r\n"
	var records []warctest.Record
	add := func(r warctest.Record) { records = append(records, r) }
	add(warctest.Record{Type: "warcinfo", Date: captured, Block: []byte("software: test\r\n")})
	add(archivedPage("oslo", captured))
	for _, coding := range []string{"gzip", "br", "deflate", "zstd"} {
		add(archivedResponse(coding, "200 OK", html+"Content-Encoding: "+coding+"\r\n",
			compressed(t, coding, harbourPage(coding))))
	}
	body := harbourPage("chunks")
	chunks := fmt.Sprintf("a\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", body[:10], len(body)-10, body[10:])
	add(archivedResponse("chunks", "200 OK", html+"Transfer-Encoding: chunked\r\n", []byte(chunks)))
	add(archivedResponse("joined", "200 OK", html+"Transfer-Encoding: chunked\r\n", []byte(harbourPage("joined"))))
	latin := strings.ReplaceAll(harbourPage("ålesund"), "å", "\xe5")
	add(archivedResponse("%C3%A5lesund", "200 OK", "Content-Type: text/html; charset=iso-8859-1\r\n", []byte(latin)))
	const bytesType = "Content-Type: application/octet-stream\r\n"
	add(archivedResponse("sniffed", "200 OK", bytesType, []byte(harbourPage("sniffed"))))
	resource := archivedPage("resource", captured)
	resource.Type, resource.Block = "resource", []byte(harbourPage("resource"))
	resource.Fields = []string{"Content-Type: text/html"}
	add(resource)
	digest := "WARC-Payload-Digest: " + warctest.Digest([]byte(harbourPage("oslo")))
	revisit := archivedResponse("oslo", "200 OK", html, nil, digest)
	revisit.Type, revisit.Date, revisit.ID = "revisit", captured.Add(time.Hour), "urn:uuid:again"
	add(revisit)
	lost := revisit
	lost.ID, lost.Fields = "urn:uuid:lost", []string{"WARC-Payload-Digest: sha1:AAAA"}
	add(lost)
	add(archivedResponse("missing", "404 Not Found", html, []byte(harbourPage("missing"))))
	add(archivedResponse("refused", "403 Forbidden", html, []byte(harbourPage("refused"))))
	add(archivedResponse("failed", "500 Oops", html, []byte(harbourPage("failed"))))
	add(archivedResponse("empty", "200 OK", html, nil))
	add(archivedResponse("moved", "301 Moved", html+"Location: /oslo\r\n", []byte("moved")))
	add(archivedResponse("picture", "200 OK", "Content-Type: image/png\r\n", []byte("\x89PNG")))
	future := archivedPage("future", time.Now().AddDate(1, 0, 0))
	add(future)
	name := archivedPage("dns", captured)
	name.Type, name.URI, name.Block = "response", "dns:www.harbour.example", []byte("www.harbour.example. A 192.0.2.1")
	add(name)
	request := archivedPage("oslo", captured)
	request.Type, request.Block = "request", []byte("GET / HTTP/1.1\r\n\r\n")
	add(request)

	var members [][]byte
	for _, r := range records {
		members = append(members, r.Gzip())
	}
	cut := archivedPage("cut", captured).Gzip()
	last := archivedPage("last", captured).Gzip()
	file := archiveFile(t, append(members, cut[:len(cut)/2], last)...)
	dir := t.TempDir()
	code, out, errText := dateline(t, "ingest", "--data-dir", dir, "--label", "origin=archive", file)
	if code != 1 || errText != "" {
		t.Errorf("exit code %d, %s", code, errText)
	}
	for _, want := range []string{
		"24 records, 12 pages published",
		"rejected: 1 bad_status, 1 bad_time, 1 empty, 1 forbidden, 1 not_found, 1 original_missing",
		"left out: 2 of another type, 1 not HTML, 1 not a web URL, 1 redirect",
		"damaged at byte " + fmt.Sprint(len(bytes.Join(members, nil))), "results of the pages: 11 new, 1 unchanged",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	s := openStore(t, dir)
	for _, place := range []string{
		"oslo", "gzip", "br", "deflate", "zstd", "chunks", "joined", "sniffed", "resource", "last",
	} {
		at := captured
		if place == "oslo" {
			at = captured.Add(time.Hour) // of the revisit
		}
		if a := wantArticle(t, s, place, at); a != nil && a.GetLabels()["origin"] != "archive" {
			t.Errorf("%s has the labels %v", place, a.GetLabels())
		}
	}
	if hit, err := s.Article(t.Context(), "https://www.harbour.example/%C3%A5lesund"); err != nil ||
		!strings.Contains(hit.Article.GetText(), "harbour of ålesund") {
		t.Errorf("the page in ISO 8859-1: %v, %v", hit, err)
	}
	if got := checkLedger(t, dir, 0)[datelinev1.Stage_STAGE_INGEST]; got.all != 18 || got.produced != 12 {
		t.Errorf("the ledger has %d outcomes of ingest, %d produced; want 18 and 12", got.all, got.produced)
	}
	code, out, _ = dateline(t, "explain", "--data-dir", dir, "https://www.harbour.example/missing")
	if code != 0 || !strings.Contains(out, "ingest") || !strings.Contains(out, "not_found") {
		t.Errorf("explain prints %s", out)
	}

	// The second run knows every page. --force publishes them again, which changes nothing.
	_, out, _ = dateline(t, "ingest", "--data-dir", dir, file)
	if !strings.Contains(out, "0 pages published; 18 duplicates") || strings.Contains(out, "rejected") {
		t.Errorf("the second run reports:\n%s", out)
	}
	_, out, _ = dateline(t, "ingest", "--data-dir", dir, "--force", file)
	if !strings.Contains(out, "12 pages published") || strings.Contains(out, " new") {
		t.Errorf("the run with --force reports:\n%s", out)
	}
	if got := checkLedger(t, dir, 0)[datelinev1.Stage_STAGE_INGEST]; got.all != 18 {
		t.Errorf("the ledger has %d outcomes of ingest after further runs, want 18", got.all)
	}
}

// TestOlderCaptureIsAnOlderRevision ingests a page, and then an earlier capture of it.
func TestOlderCaptureIsAnOlderRevision(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	capture := func(id, text string, at time.Time) string {
		page := strings.ReplaceAll(harbourPage("oslo"), "Eleven boats left", text)
		return archiveOf(t, warctest.Page(id, "https://www.harbour.example/oslo", at, []byte(page)))
	}
	for i, file := range []string{
		capture("newer", "Twelve ships left", captured), capture("older", "Eleven boats left", captured.Add(-time.Hour)),
	} {
		if code, out, errText := dateline(t, "ingest", "--data-dir", dir, file); code != 0 ||
			!strings.Contains(out, []string{"1 new", "1 outdated"}[i]) {
			t.Fatalf("exit code %d, %s%s", code, out, errText)
		}
	}
	s := openStore(t, dir)
	hit, err := s.Article(t.Context(), "https://www.harbour.example/oslo")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(hit.Article.GetText(), "Twelve ships") || !hit.Article.GetFetchTime().AsTime().Equal(captured) {
		t.Errorf("the article is %q, captured at %s", hit.Article.GetText(), hit.Article.GetFetchTime().AsTime())
	}
	if revisions, err := s.Revisions(t.Context(), hit.Article.GetId()); err != nil || len(revisions) != 2 {
		t.Errorf("%d revisions, %v; want 2", len(revisions), err)
	}
}

// TestIngestInputs ingests a folder, standard input and files that cannot be read, without
// and with a dry run.
func TestIngestInputs(t *testing.T) {
	t.Parallel()
	dir, folder := t.TempDir(), t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a/1.warc.gz", archivedPage("lima", captured).Gzip())
	write("a/2.warc", archivedPage("pune", captured).Bytes())
	write("b.arc", []byte("filedesc://b.arc 0.0.0.0 20260304050607 text/plain 0\n\n"))
	write("notes.txt", []byte("no archive"))
	code, out, _ := dateline(t, "ingest", "--dry-run", "--json", "--data-dir", dir, folder)
	if lines := strings.Count(out, `"published":1,`); code != 0 || lines != 2 || strings.Contains(out, "notes") {
		t.Errorf("the dry run has exit code %d and prints:\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "articles.db")); !os.IsNotExist(err) {
		t.Errorf("the dry run has made a store: %v", err)
	}
	if code, out, errText := dateline(t, "ingest", "--data-dir", dir, folder); code != 0 ||
		!strings.Contains(out, "3 archives: 3 records, 2 pages published") {
		t.Errorf("exit code %d:\n%s%s", code, out, errText)
	}
	var stdout, stderr bytes.Buffer
	stdin := bytes.NewReader(append(archivedPage("oslo", captured).Gzip(), archivedPage("lima", captured).Gzip()...))
	code = cli.Run(natstest.Context(t), []string{"ingest", "--data-dir", dir, "-"},
		cli.Streams{In: stdin, Out: &stdout, Err: &stderr})
	if code != 0 || !strings.Contains(stdout.String(), "standard input: 2 records, 1 page published; 1 duplicate") {
		t.Errorf("exit code %d:\n%s%s", code, &stdout, &stderr)
	}
	s := openStore(t, dir)
	for _, place := range []string{"lima", "pune", "oslo"} {
		wantArticle(t, s, place, captured)
	}
	for want, args := range map[string][]string{
		"has no web archives":            {"ingest", t.TempDir()},
		"notes.txt is not a web archive": {"ingest", filepath.Join(folder, "b.arc"), filepath.Join(folder, "notes.txt")},
		"are for web archives":           {"ingest", "--dry-run", "https://example.com/"},
		"\"dateline ingest\" reads it":   {"extract", filepath.Join(folder, "a/2.warc")},
	} {
		if code, _, errText := dateline(t, args...); code == 0 || !strings.Contains(errText, want) {
			t.Errorf("dateline %s: exit code %d, %s", strings.Join(args, " "), code, errText)
		}
	}
}

// TestIngestIntoARunningPipeline publishes the pages of an archive to a pipeline that runs
// on the data folder.
func TestIngestIntoARunningPipeline(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t.TempDir())
	cfg.Data.NATSAddr = "127.0.0.1:0"
	p := runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	file := archiveOf(t, archivedPage("lima", captured), archivedPage("pune", captured))
	code, out, errText := dateline(t, "ingest", "--data-dir", cfg.Data.Dir, file)
	if code != 0 || !strings.Contains(out, "2 pages published") || strings.Contains(out, "results") {
		t.Errorf("exit code %d:\n%s%s", code, out, errText)
	}
	natstest.Eventually(t, "two articles", func() bool {
		stats, err := p.Store.Stats(t.Context())
		return err == nil && stats.Articles == 2
	})
	code, out, _ = dateline(t, "ingest", "--data-dir", cfg.Data.Dir, file)
	if code != 0 || !strings.Contains(out, "2 duplicates") {
		t.Errorf("exit code %d for the second run:\n%s", code, out)
	}
	settle(t, p)
	p.stop()
	checkLedger(t, cfg.Data.Dir, 0)
}

// TestIngestAsOperator publishes the pages of an archive to a server with the users of
// deploy/nats. The operator may, the client may not.
func TestIngestAsOperator(t *testing.T) {
	t.Parallel()
	srv, refused := deployedNATS(t)
	_, js := connectAs(t, srv, "operator", "dateline")
	natstest.Reconcile(t, js, topology.Limits{})
	dir := t.TempDir()
	articles := openStore(t, dir)
	file := archiveOf(t, archivedPage("lima", captured), archivedPage("pune", captured))
	ingestAs := func(user string) (code int, stdout, stderr string) {
		return dateline(t, "ingest", "--nats-url", urlFor(srv, user), "--data-dir", dir, file)
	}
	code, out, errText := ingestAs("operator")
	if code != 0 || !strings.Contains(out, "2 pages published") {
		t.Errorf("exit code %d:\n%s%s", code, out, errText)
	}
	if lines := refused.all(); len(lines) > 0 {
		t.Errorf("the server refused what the operator needs: %v", lines)
	}
	if pages := natstest.Count(t, js, subject.StreamPages); pages != 2 {
		t.Errorf("%d pages are on the stream, want 2", pages)
	}
	code, _, errText = ingestAs("client")
	if code == 0 || !strings.Contains(errText, "the NATS server refuses this user") {
		t.Errorf("the client: exit code %d, %s", code, errText)
	}
	if stats, err := articles.Stats(t.Context()); err != nil || stats.Articles != 0 {
		t.Errorf("%d articles without a pipeline, %v", stats.Articles, err)
	}
}
