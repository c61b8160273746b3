package dayexport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/s3test"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// record returns an article that was published some hours after noon.
func record(name, text string, hours int) *datelinev1.Article {
	sum := sha256.Sum256([]byte(text))
	url := "https://example.com/" + name
	published := noon.Add(time.Duration(hours) * time.Hour)
	return &datelinev1.Article{
		Id: "id-" + name, CanonicalUrl: url, RequestedUrl: url, FinalUrl: url, Host: "example.com", Title: name,
		Text: text, Language: "en", ContentHash: hex.EncodeToString(sum[:]), RequestId: name,
		Published: &datelinev1.PublicationTime{Value: timestamppb.New(published)},
		FetchTime: timestamppb.New(noon.Add(1000 * time.Hour)), ExtractTime: timestamppb.New(noon.Add(1000 * time.Hour)),
	}
}

var formats = []Format{
	{"jsonl", library.WriteJSONLines}, {"csv", library.WriteCSV}, {"parquet", library.WriteParquet},
}

// run exports and returns what happened to each file, such as "2026-03-10 written 2".
func run(t *testing.T, s library.Searcher, o Options) ([]string, error) {
	t.Helper()
	var changes []string
	o.Report = func(c Change) error {
		changes = append(changes, fmt.Sprint(c.Day.Day, " ", c.Change, " ", c.Rows))
		return nil
	}
	o.Progress = func() {}
	err := Run(t.Context(), s, o)
	return changes, err
}

// check runs an export, compares what it reports, and checks that the folder has exactly the
// files of the manifest, with their sizes and hashes.
func check(t *testing.T, s library.Searcher, o Options, want ...string) {
	t.Helper()
	got, err := run(t, s, o)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("the export reports %q, %v, want %q", got, err, want)
	}
	checkFolder(t, o.To.String())
}

func checkFolder(t *testing.T, dir string) {
	t.Helper()
	var m manifestFile
	data, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	expected := []string{lockFile, ManifestName}
	for _, day := range m.Days {
		expected = append(expected, day.File)
		data, err := os.ReadFile(filepath.Join(dir, day.File))
		sum := sha256.Sum256(data)
		if err != nil || hex.EncodeToString(sum[:]) != day.SHA256 || int64(len(data)) != day.Bytes {
			t.Errorf("%s has %d bytes, %v, but the manifest says %+v", day.File, len(data), err, day)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	slices.Sort(expected)
	if !slices.Equal(names, expected) {
		t.Errorf("the folder has %q, want %q", names, expected)
	}
}

func TestDays(t *testing.T) {
	for _, format := range formats {
		t.Run(format.Name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s store.Store) {
				testDays(t, s, Options{To: Folder(filepath.Join(t.TempDir(), "new", "[folder")), Format: format})
			})
		})
	}
}

func testDays(t *testing.T, s store.Store, o Options) {
	early := record("early", "Early.", -12) // midnight
	late := record("late", "Late.", 11)
	unknown := record("unknown", "Unknown.", 0)
	unknown.Published = nil
	storetest.Put(t, s, early, late, unknown, record("before", "Before.", -13), record("old", "Old.", -24*400))
	check(t, s, o, "2026-04-21 written 1", "2026-03-10 written 2", "2026-03-09 written 1", "2025-02-03 written 1")
	first, err := os.ReadFile(filepath.Join(o.To.String(), "2026-03-10."+o.Format.Name))
	if err != nil {
		t.Fatal(err)
	}
	check(t, s, o, "2026-04-21 unchanged 1", "2026-03-10 unchanged 2", "2026-03-09 unchanged 1",
		"2025-02-03 unchanged 1")

	// A period is extended to whole days, and other days stay as they are.
	storetest.Put(t, s, record("more", "More.", 0))
	recent := o
	recent.Query.Filter.From, recent.Query.Filter.Before = noon.Add(time.Hour), noon.Add(2*time.Hour)
	check(t, s, recent, "2026-03-10 written 3")
	if data, err := os.ReadFile(filepath.Join(o.To.String(), "2026-03-10."+o.Format.Name)); err != nil ||
		string(data) == string(first) {
		t.Errorf("the file of the changed day is the same: %v", err)
	}

	// The files of days without articles are removed.
	for _, name := range []string{"id-old", "id-before", "id-unknown"} {
		if _, err := s.Erase(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	got, err := run(t, s, o)
	slices.Sort(got)
	if want := []string{"2025-02-03 removed 1", "2026-03-09 removed 1", "2026-03-10 unchanged 3",
		"2026-04-21 removed 1"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("after erasing, the export reports %q, %v, want %q", got, err, want)
	}
	checkFolder(t, o.To.String())

	// What a killed run leaves, and a damaged file, are mended.
	final := filepath.Join(o.To.String(), "2026-03-10."+o.Format.Name)
	partial := filepath.Join(o.To.String(), ".2026-03-11."+o.Format.Name+partialSuffix)
	if err := errors.Join(os.WriteFile(partial, []byte("half"), 0o600), os.Truncate(final, 3)); err != nil {
		t.Fatal(err)
	}
	check(t, s, o, "2026-03-10 written 3")

	if _, err := run(t, empty{}, o); err == nil || !strings.Contains(err.Error(), "right store") {
		t.Errorf("another store, without articles: %v", err)
	}
	checkFolder(t, o.To.String())

	other := o
	other.Query.Filter.Languages = []string{"ku"}
	if _, err := run(t, s, other); err == nil || !strings.Contains(err.Error(), "choose another folder") {
		t.Errorf("another search in the same folder: %v", err)
	}
	checkFolder(t, o.To.String())
}

// empty is a store without articles.
type empty struct{}

func (empty) Search(context.Context, store.Query) (store.Page, error) { return store.Page{}, nil }

func TestFoldersOfOthersAreRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "2026-03-10.csv"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{To: Folder(dir), Format: formats[1]}
	if _, err := run(t, empty{}, o); err == nil || !strings.Contains(err.Error(), "choose an empty folder") {
		t.Errorf("a folder with other files: %v", err)
	}
	for _, text := range []string{
		"{", `{"version": 2}`, `{"version":1,"format":"csv","query":"text=\"\"","days":[{"day":"../a","file":"../a.csv"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := run(t, empty{}, o); err == nil || !strings.Contains(err.Error(), "choose another folder") {
			t.Errorf("a folder with the manifest %s: %v", text, err)
		}
	}
	o.To = Folder(t.TempDir())
	lock := flock.New(filepath.Join(o.To.String(), lockFile))
	if held, err := lock.TryLock(); err != nil || !held {
		t.Fatal(held, err)
	}
	defer lock.Close()
	if _, err := run(t, empty{}, o); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a folder that another process uses: %v", err)
	}
}

// TestBucket exports to a prefix of a bucket, and changes and removes files there.
func TestBucket(t *testing.T) {
	server := s3test.Start(t)
	client := server.Client()
	t.Setenv("TMPDIR", t.TempDir())
	at := objects.Location{Bucket: s3test.Bucket, Key: "news/daily"}
	s := storetest.Open(t, storetest.SQLite(t))
	storetest.Put(t, s, record("one", "One.", 0), record("two", "Two.", 24))
	o := Options{To: Bucket{client, at}, Format: formats[0]}
	want := func(want ...string) {
		t.Helper()
		got, err := run(t, s, o)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("the export reports %q, %v, want %q", got, err, want)
		}
		var m manifestFile
		data, err := o.To.read(t.Context(), ManifestName)
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		if err != nil {
			t.Fatal(err)
		}
		expected := []string{"news/daily/" + ManifestName}
		for _, day := range m.Days {
			expected = append(expected, "news/daily/"+day.File)
			data, err := o.To.read(t.Context(), day.File)
			if sum := sha256.Sum256(data); err != nil || hex.EncodeToString(sum[:]) != day.SHA256 {
				t.Errorf("%s has %d bytes, %v, but the manifest says %+v", day.File, len(data), err, day)
			}
		}
		slices.Sort(expected)
		if keys := server.Keys(); !slices.Equal(keys, expected) {
			t.Errorf("the bucket has %q, want %q", keys, expected)
		}
	}
	want("2026-03-10 written 1", "2026-03-11 written 1")
	want("2026-03-10 unchanged 1", "2026-03-11 unchanged 1")
	storetest.Put(t, s, record("three", "Three.", 1))
	if _, err := s.Erase(t.Context(), "id-two"); err != nil {
		t.Fatal(err)
	}
	want("2026-03-10 written 2", "2026-03-11 removed 1")
	// A run that was interrupted may have stored a file that the manifest does not list yet.
	if err := client.Delete(t.Context(), at.Below("2026-03-10.jsonl")); err != nil {
		t.Fatal(err)
	}
	want("2026-03-10 written 2")
	other := o
	other.Format = formats[1]
	if _, err := run(t, s, other); err == nil || !strings.Contains(err.Error(), at.String()) {
		t.Errorf("another format in the same place: %v", err)
	}
	other.To = Bucket{client, objects.Location{Bucket: s3test.Bucket, Key: "news"}}
	if _, err := run(t, s, other); err == nil || !strings.Contains(err.Error(), "choose an empty folder") {
		t.Errorf("a place with other files: %v", err)
	}
	other.To = Bucket{s3test.Client(t, server.Guest()), at}
	if _, err := run(t, s, other); err == nil || !strings.Contains(err.Error(), "s3:GetObject") {
		t.Errorf("without permission: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "dateline-*")); err != nil || len(left) > 0 {
		t.Errorf("scratch files are left: %q, %v", left, err)
	}
}
