package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// driftingSite serves articles of which the first have dates, and the others, after a
// redesign, have none.
func driftingSite(t *testing.T, dated int) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/story/"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		date := `<meta property="article:published_time" content="2026-03-01T08:00:00Z">`
		if number >= dated {
			date = ""
		}
		fmt.Fprint(w, strings.Replace(savedPage, "<head>", "<head>"+date, 1))
	}))
	t.Cleanup(server.Close)
	return server
}

// TestDrift ingests a site that loses its dates, and reads the alarm and its samples.
func TestDrift(t *testing.T) {
	t.Parallel()
	const dated, undated = 90, 40
	server := driftingSite(t, dated)
	var urls []string
	for i := range dated + undated {
		urls = append(urls, fmt.Sprintf("%s/story/%d", server.URL, i))
	}
	dir := t.TempDir()
	if code, ends := ingest(t, dir, urlFile(t, urls)); code != 0 || len(ends) != len(urls) {
		t.Fatalf("exit code %d, %d ends", code, len(ends))
	}
	pages := filepath.Join(t.TempDir(), "pages")
	code, out, errs := dateline(t, "drift", "--data", dir, "--pages", pages)
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	for _, want := range []string{strings.TrimPrefix(server.URL, "http://"), "no_date", "1 alarm"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	files, err := filepath.Glob(filepath.Join(pages, "*.html"))
	if err != nil || len(files) != 3 {
		t.Fatalf("the sample pages are %v, %v", files, err)
	}
	html, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(html), "The harbour board") || strings.Contains(string(html), "published_time") {
		t.Errorf("the first sample page is %s", html)
	}
	spoilDrift(t, dir)
	code, out, errs = dateline(t, "drift", "--data", dir, "--pages", pages)
	if code != 0 || !strings.Contains(out, "1 alarm, 1 unreadable") || strings.Count(out, ".html") != 3 ||
		strings.Count(errs, "is unreadable") != 3 {
		t.Errorf("with three unreadable entries: exit code %d\n%s%s", code, out, errs)
	}
	code, out, _ = dateline(t, "drift", "--data", dir, "--json")
	if code != 0 || !strings.Contains(out, `"signal":"DRIFT_SIGNAL_NO_DATE"`) {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// spoilDrift adds an alarm and two samples that cannot be decoded. Their keys come
// first.
func spoilDrift(t *testing.T, dir string) {
	t.Helper()
	bus, err := pipeline.OpenBus(t.Context(), testConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	bucket, err := bus.JS.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	const signal = datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE
	truncated, err := proto.Marshal(&datelinev1.DriftSample{Url: "https://a.example/", HtmlZstd: []byte("not zstd")})
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string][]byte{
		subject.DriftAlarm("example.a", signal):     []byte("\xff\xff"),
		subject.DriftSample("example.a", signal, 1): []byte("\xff\xff"),
		subject.DriftSample("example.a", signal, 2): truncated,
	} {
		if _, err := bucket.Put(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
}
