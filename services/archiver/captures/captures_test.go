package captures_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// onEachStore runs a test with an empty index in each kind of store.
func onEachStore(t *testing.T, test func(*testing.T, *captures.Index)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s store.Store) { test(t, captures.Of(s)) })
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

// captureOf returns a capture of a URL some hours after noon.
func captureOf(url string, hour int) captures.Capture {
	return captures.Capture{
		PageID: url + "#" + string(rune('a'+hour)), URL: url, Time: noon.Add(time.Duration(hour) * time.Hour), Status: 200,
		Type: "text/html", Digest: "sha256:" + url, File: "one.warc.gz", Offset: int64(1000 * hour), Length: 500,
	}
}

func add(t *testing.T, index *captures.Index, file string, indexed int64, all ...captures.Capture) {
	t.Helper()
	if err := index.Add(t.Context(), file, indexed, all); err != nil {
		t.Fatal(err)
	}
}

func TestIndex(t *testing.T) {
	onEachStore(t, func(t *testing.T, index *captures.Index) {
		const url = "https://example.com/a"
		first, second := captureOf(url, 0), captureOf(url, 1)
		second.OriginalTime = first.Time
		add(t, index, "one.warc.gz", 500, first)
		add(t, index, "one.warc.gz", 900, first, second) // the first again
		add(t, index, "one.warc.gz", 700)
		files, err := index.Files(t.Context())
		if err != nil || len(files) != 1 || files["one.warc.gz"] != 900 {
			t.Errorf("files %v, %v", files, err)
		}
		latest, err := index.Latest(t.Context(), url)
		if err != nil || latest != second || !latest.IsRevisit() {
			t.Errorf("latest %+v, %v", latest, err)
		}
		if _, err := index.Latest(t.Context(), "http://example.com/A"); !errors.Is(err, captures.ErrNotFound) {
			t.Errorf("a URL with the same key: %v", err)
		}
		known, err := index.Has(t.Context(), []string{first.PageID, "other"})
		if err != nil || len(known) != 1 || !known[first.PageID] {
			t.Errorf("known pages %v, %v", known, err)
		}
		page, err := index.Page(t.Context(), first.PageID)
		if err != nil || !slices.Equal(page, []captures.Capture{first}) {
			t.Errorf("page %+v, %v", page, err)
		}
		if _, err := index.Page(t.Context(), "other"); !errors.Is(err, captures.ErrNotFound) {
			t.Errorf("a page that is not archived: %v", err)
		}
	})
}

func TestFilters(t *testing.T) {
	onEachStore(t, func(t *testing.T, index *captures.Index) {
		urls := []string{
			"https://example.com/a", "https://www.example.com/b", "https://news.example.com/c", "https://example.com:8080/d",
			"https://example.com.org/e", "https://example-news.com/f", "https://example.comx/g", "https://example.com/a?z&b",
		}
		var all []captures.Capture
		for i, url := range urls {
			all = append(all, captureOf(url, i))
		}
		add(t, index, "one.warc.gz", 9000, all...)
		for name, test := range map[string]struct {
			filter captures.Filter
			limit  int
			want   string // paths, newest first
		}{
			"all":       {captures.Filter{}, 100, "/a?z&b /g /f /e /d /c /b /a"},
			"limited":   {captures.Filter{}, 2, "/a?z&b /g"},
			"host":      {captures.Filter{Host: "example.com"}, 100, "/a?z&b /d /c /b /a"},
			"subdomain": {captures.Filter{Host: "news.example.com"}, 100, "/c"},
			"since":     {captures.Filter{Since: noon.Add(6 * time.Hour)}, 100, "/a?z&b /g"},
			"both":      {captures.Filter{Host: "www.example.com", Since: noon.Add(2 * time.Hour)}, 100, "/a?z&b /d /c"},
			"URL":       {captures.Filter{URL: "http://example.com/A"}, 100, "/a"},
			"query":     {captures.Filter{URL: "http://example.com/a?b&z"}, 100, "/a?z&b"},
		} {
			found, err := index.Recent(t.Context(), test.filter, test.limit)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range found {
				got = append(got, c.URL[strings.LastIndexByte(c.URL, '/'):])
			}
			if text := strings.Join(got, " "); text != test.want {
				t.Errorf("%s: got %s, want %s", name, text, test.want)
			}
		}
	})
}

// TestSorted reads more captures than fit into one query.
func TestSorted(t *testing.T) {
	onEachStore(t, func(t *testing.T, index *captures.Index) {
		const hours, long = 1100, "https://example.com/long?"
		var all []captures.Capture
		for i := range hours {
			c := captureOf("https://example.com/a", 0)
			c.PageID, c.Time = string(rune('a'+i%20))+time.Duration(i).String(), noon.Add(time.Duration(i/2)*time.Hour)
			all = append(all, c)
		}
		all = append(all, captureOf("https://Example.com/%C3%BC", 1), captureOf("https://example.com:8080/", 2),
			captureOf(long+strings.Repeat("x", 8000), 3))
		add(t, index, "one.warc.gz", 9000, all...)
		var lines []string
		for c, err := range index.Sorted(t.Context(), captures.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			line, err := c.CDXJ()
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
		if len(lines) != len(all) {
			t.Fatalf("%d lines, want %d", len(lines), len(all))
		}
		// The rest of a line decides nothing: readers search for the key and the time.
		if !slices.IsSortedFunc(lines, func(a, b string) int { return strings.Compare(prefix(a), prefix(b)) }) {
			t.Error("the lines are not sorted")
		}
		const want = `com,example)/%c3%bc 20260304130000 {"url":"https://Example.com/%C3%BC","mime":"text/html",` +
			`"status":"200","digest":"sha256:https://Example.com/%C3%BC","length":"500","offset":"1000",` +
			`"filename":"one.warc.gz"}`
		if lines[0] != want {
			t.Errorf("first line\n%s, want\n%s", lines[0], want)
		}
	})
}

func prefix(line string) string {
	keyAndTime, _, _ := strings.Cut(line, " {")
	return keyAndTime
}

func TestKeys(t *testing.T) {
	for url, want := range map[string]string{
		"https://www.Example.com/":              "com,example)/",
		"http://www2.example.co.uk:80":          "uk,co,example)/",
		"https://example.com:8443/A/b/?Z=1&a=2": "com,example:8443)/a/b?a=2&z=1",
		"https://192.0.2.7/x":                   "192.0.2.7)/x",
		"http://[2001:db8::1]:81/":              "2001:db8::1:81)/",
		"https://example.com/?":                 "com,example)/",
		"nonsense":                              "nonsense",
		"no URL\r\nwith lines":                  "no%20url%0d%0awith%20lines",
	} {
		if got := captures.Key(url); got != want {
			t.Errorf("%s: key %s, want %s", url, got, want)
		}
	}
}

func TestUploads(t *testing.T) {
	onEachStore(t, func(t *testing.T, index *captures.Index) {
		const url = "https://example.com/a"
		add(t, index, "one.warc.gz", 5000, captureOf(url, 1), captureOf(url, 2))
		state := func(name string) (captures.Upload, bool) {
			t.Helper()
			state, found, err := index.Upload(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			return state, found
		}
		if got, found := state("one.warc.gz"); got != captures.InFolder || !found {
			t.Errorf("a new file has the state %d, found %t", got, found)
		}
		if _, found := state("two.warc.gz"); found {
			t.Error("a file that does not exist was found")
		}
		if err := index.SetUpload(t.Context(), "one.warc.gz", captures.Uploaded); err != nil {
			t.Fatal(err)
		}
		add(t, index, "one.warc.gz", 6000, captureOf(url, 3))
		if got, _ := state("one.warc.gz"); got != captures.Uploaded {
			t.Errorf("after more captures the state is %d", got)
		}
		if _, _, err := index.Erase(t.Context(), nil, url, noon); err != nil {
			t.Fatal(err)
		}
		files, err := index.FilesToErase(t.Context())
		if err != nil || len(files) != 1 || files[0].File != "one.warc.gz" || files[0].Upload != captures.Uploaded {
			t.Fatalf("files to erase: %+v, %v", files, err)
		}
		found, err := index.CapturesToErase(t.Context(), "one.warc.gz")
		if err != nil || len(found) != 3 {
			t.Fatalf("captures to erase: %+v, %v", found, err)
		}
		if err := index.MarkErased(t.Context(), found[:2]); err != nil {
			t.Fatal(err)
		}
		if left, err := index.Erasing(t.Context()); err != nil || left != 1 {
			t.Errorf("%d captures are left, %v", left, err)
		}
	})
}

func TestAFileIsHeldByOne(t *testing.T) {
	onEachStore(t, func(t *testing.T, index *captures.Index) {
		add(t, index, "one.warc.gz", 5000, captureOf("https://example.com/a", 1))
		hold := func(holder string, now, until time.Time, want bool) {
			t.Helper()
			if held, err := index.Hold(t.Context(), "one.warc.gz", holder, now, until); err != nil || held != want {
				t.Errorf("%s at %s: held %t, %v; want %t", holder, now, held, err, want)
			}
		}
		hold("a", noon, noon.Add(time.Hour), true)
		hold("b", noon.Add(time.Minute), noon.Add(time.Hour), false)
		hold("a", noon.Add(time.Minute), noon.Add(2*time.Hour), true)
		hold("b", noon.Add(3*time.Hour), noon.Add(4*time.Hour), true)
		if err := index.Release(t.Context(), "one.warc.gz", "a"); err != nil { // it holds the file no longer
			t.Fatal(err)
		}
		hold("a", noon.Add(3*time.Hour), noon.Add(4*time.Hour), false)
		if err := index.Release(t.Context(), "one.warc.gz", "b"); err != nil {
			t.Fatal(err)
		}
		hold("a", noon.Add(3*time.Hour), noon.Add(4*time.Hour), true)
	})
}
