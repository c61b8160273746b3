package targets

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func writeFiles(t *testing.T, config Config, deps Dependencies, form string, items ...Item) []Outcome {
	t.Helper()
	config.Timeout = time.Minute
	all, err := New(config, deps)
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	s := subscriptions.Subscription{ID: "abc", Spec: subscriptions.Spec{Name: "harbour", To: "files:desk/harbour",
		Form: form}}
	target, err := all.Of(s.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return target.Send(t.Context(), s, items)
}

// batch returns items of two days, the last of which is an erasure.
func batch() []Item {
	items := []Item{itemOf("a", "=SUM(A1)"), itemOf("b", "Two\nlines, \"quoted\""), itemOf("c", "")}
	for i := range items {
		items[i].ID = int64(i + 7)
	}
	items[2].Event.Type, items[2].Event.Article, items[2].Event.Revision = forms.TypeErased, nil, 0
	items[2].Event.Time = items[2].Event.Time.AddDate(0, 0, 1)
	return items
}

// TestFolder writes a batch twice in each form, and compares the files with the manifests.
func TestFolder(t *testing.T) {
	for _, form := range []string{forms.JSONLines, forms.CSV, forms.Parquet} {
		root := t.TempDir()
		for range 2 { // a repetition replaces the files
			for i, outcome := range writeFiles(t, Config{Files: root}, Dependencies{}, form, batch()...) {
				if outcome.Result != Delivered {
					t.Fatalf("%s: item %d: %+v", form, i, outcome)
				}
			}
		}
		var names []string
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				names = append(names, strings.TrimPrefix(path, root+"/desk/harbour/"))
			}
			return err
		})
		want := "2026-03-04/abc-000000000007-000000000008." + form + " 2026-03-04/abc.manifest.json " +
			"2026-03-05/abc-000000000009-000000000009." + form + " 2026-03-05/abc.manifest.json"
		if got := strings.Join(names, " "); got != want {
			t.Errorf("the files are %s, want %s", got, want)
		}
		day := filepath.Join(root, "desk", "harbour", "2026-03-04")
		var m manifest
		text, err := os.ReadFile(filepath.Join(day, "abc.manifest.json"))
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		if err != nil || len(m.Files) != 1 || m.Files[0].Rows != 2 || m.Day != "2026-03-04" || m.Subscription != "harbour" {
			t.Fatalf("the manifest is %s, %v", text, err)
		}
		data, err := os.ReadFile(filepath.Join(day, m.Files[0].File))
		if err != nil {
			t.Fatal(err)
		}
		later := batch()[0] // of the same day
		later.ID = 20
		if outcome := writeFiles(t, Config{Files: root}, Dependencies{}, form, later)[0]; outcome.Result != Delivered {
			t.Fatalf("%s: another file: %+v", form, outcome)
		}
		var both manifest
		text, err = os.ReadFile(filepath.Join(day, "abc.manifest.json"))
		if err == nil {
			err = json.Unmarshal(text, &both)
		}
		if err != nil || len(both.Files) != 2 || both.Files[0] != m.Files[0] || both.Files[1].Rows != 1 {
			t.Errorf("%s: with another file, the manifest is %s, %v", form, text, err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != m.Files[0].SHA256 || len(data) != m.Files[0].Bytes {
			t.Errorf("%s: the manifest has other sums than the file", form)
		}
		checkRows(t, form, data)
	}
}

func checkRows(t *testing.T, form string, data []byte) {
	t.Helper()
	var titles []string
	switch form {
	case forms.JSONLines:
		for line := range strings.Lines(string(data)) {
			var one struct {
				ID   string
				Data struct{ Article struct{ Title string } }
			}
			if err := json.Unmarshal([]byte(line), &one); err != nil || one.ID == "" {
				t.Errorf("line %s: %v", line, err)
			}
			titles = append(titles, one.Data.Article.Title)
		}
	case forms.CSV:
		rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil || len(rows) != 3 || rows[0][9] != "title" {
			t.Fatalf("the rows are %v, %v", rows, err)
		}
		titles = []string{strings.TrimPrefix(rows[1][9], "'"), rows[2][9]}
		if rows[1][9] != "'=SUM(A1)" {
			t.Errorf("a cell is the formula %q", rows[1][9])
		}
	case forms.Parquet:
		rows, err := parquet.Read[struct {
			Title     string `parquet:"title"`
			MessageID string `parquet:"message_id"`
		}](bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			titles = append(titles, row.Title)
		}
	}
	if len(titles) != 2 || titles[0] != "=SUM(A1)" || titles[1] != "Two\nlines, \"quoted\"" {
		t.Errorf("%s: the titles are %q", form, titles)
	}
}

// TestFolderThatCannotBeWritten fails for one of two days. Only what is in a complete file is delivered.
func TestFolderThatCannotBeWritten(t *testing.T) {
	root := t.TempDir()
	parent := filepath.Join(root, "desk", "harbour")
	if err := os.MkdirAll(parent, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(parent, "2026-03-05"), nil, 0o600); err != nil { // in place of the folder
		t.Fatal(err)
	}
	outcomes := writeFiles(t, Config{Files: root}, Dependencies{}, "", batch()...)
	if outcomes[0].Result != Delivered || outcomes[1].Result != Delivered || outcomes[2].Result != Retry {
		t.Errorf("the outcomes are %+v, want a retry of the last", outcomes)
	}
	if outcome := writeFiles(t, Config{}, Dependencies{}, "", batch()...)[0]; outcome.Result != Retry ||
		!strings.Contains(outcome.Detail, "notifier.files") {
		t.Errorf("without a folder: %+v", outcome)
	}
}

// TestBucket writes to a bucket of a real S3 server, and fails while it is stopped.
func TestBucket(t *testing.T) {
	server := s3test.Start(t)
	config, deps := Config{Files: "s3://" + s3test.Bucket + "/news"}, Dependencies{S3: server.Config}
	for range 2 {
		if outcome := writeFiles(t, config, deps, forms.CSV, batch()...)[2]; outcome.Result != Delivered {
			t.Fatal(outcome)
		}
	}
	want := "news/desk/harbour/2026-03-04/abc-000000000007-000000000008.csv"
	if keys := strings.Join(server.Keys(), " "); !strings.Contains(keys, want) || strings.Count(keys, ".csv") != 2 ||
		strings.Count(keys, "manifest.json") != 2 {
		t.Errorf("the bucket has %s", keys)
	}
	at, err := objects.ParseLocation(config.Files)
	if err != nil {
		t.Fatal(err)
	}
	place := bucket{server.Client(), at}
	data, err := place.read(t.Context(), strings.TrimPrefix(want, "news/"))
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, forms.CSV, data)
}
