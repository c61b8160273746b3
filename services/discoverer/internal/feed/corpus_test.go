package feed_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/internal/feed"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
)

// notOurs are the feeds whose expectations do not apply to news, with the reason.
var notOurs = map[string]string{
	"wellformed__cdf__item_lastmod":        "CDF: browsers dropped the format in 2004, and no news site has it",
	"wellformed__cdf__item_lastmod_parsed": "CDF",
	"wellformed__cdf__item_title":          "CDF",

	"wellformed__atom10__entry_id_no_normalization_4": "gofeed writes the scheme in lower case, always in the same way",
	"wellformed__base__http_entry_id_base_docuri":     "the GUID is kept as written: it is compared, not requested",
	"wellformed__sanitize__entry_title_crazy": "the title is a whole page with broken comments: text is " +
		"left, no tags",
}

type expectation struct {
	ID    string            `json:"id"`
	Note  string            `json:"note"`
	First map[string]string `json:"first_entry"`
}

// TestCorpus reads the feeds of feedparser's own tests, which are not part of the
// repository. DATELINE_FEEDS is the directory with truth.jsonl.
func TestCorpus(t *testing.T) {
	dir := cmp.Or(os.Getenv("DATELINE_FEEDS"), filepath.Join("..", "..", "..", "..", "..", "shared", "data", "feeds"))
	file, err := os.Open(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		t.Skipf("no feeds at %s: set DATELINE_FEEDS to the directory with truth.jsonl to run this test", dir)
	}
	defer file.Close()
	held := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var want expectation
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if reason, ok := notOurs[want.ID]; ok {
			t.Logf("left out %s: %s", want.ID, reason)
			continue
		}
		held++
		t.Run(want.ID, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(dir, "feeds", want.ID+".xml"))
			if err != nil {
				t.Fatal(err)
			}
			checkFirst(t, first(t, body), want)
		})
	}
	t.Logf("%d feeds", held)
}

// first returns the first item. Most of these feeds have items without links, which the
// reader ignores, so they get one.
func first(t *testing.T, body []byte) found.Item {
	t.Helper()
	base := "http://127.0.0.1:8097/"
	if _, rest, ok := strings.Cut(string(body), "Content-Location: "); ok {
		base, _, _ = strings.Cut(rest, "\n")
	}
	u, err := url.Parse(strings.TrimSpace(base))
	if err != nil {
		t.Fatal(err)
	}
	l, err := feed.Read(body, "", u)
	if err == nil && len(l.Items) == 0 {
		text := strings.Replace(string(body), "</item>", "<link>http://127.0.0.1:8097/added</link></item>", 1)
		text = strings.Replace(text, "</entry>", `<link href="http://127.0.0.1:8097/added"/></entry>`, 1)
		l, err = feed.Read([]byte(text), "", u)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Items) == 0 {
		t.Fatalf("no items; warnings: %q", l.Warnings)
	}
	return l.Items[0]
}

func checkFirst(t *testing.T, got found.Item, want expectation) {
	t.Helper()
	for field, value := range want.First {
		switch field {
		case "link":
			if want := found.Resolve("", value); got.URL != want {
				t.Errorf("URL = %q, want %q", got.URL, want)
			}
		case "title":
			// feedparser keeps HTML in titles; the reader returns their text.
			if want := found.Text(value); got.Title != want {
				t.Errorf("title = %q, want %q", got.Title, want)
			}
		case "id":
			if got.GUID != value {
				t.Errorf("GUID = %q, want %q", got.GUID, value)
			}
		case "author":
			name, _, _ := strings.Cut(value, " (") // addresses are not kept
			if len(got.Authors) != 1 || got.Authors[0] != name {
				t.Errorf("authors = %q, want %q", got.Authors, name)
			}
		case "published", "published_time":
			checkTime(t, "published", got.Published, value)
		case "updated", "updated_time":
			// dc:date is when an item was published; feedparser calls it updated.
			modified := got.Modified
			if modified.IsZero() {
				modified = got.Published
			}
			checkTime(t, "modified", modified, value)
		default:
			t.Errorf("the test does not know the field %q", field)
		}
	}
}

func checkTime(t *testing.T, name string, got time.Time, want string) {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, want)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equal(parsed) {
		t.Errorf("%s = %s, want %s", name, got, parsed)
	}
}
