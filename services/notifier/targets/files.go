package targets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/wholefile"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// files are files below a folder or the prefix of a bucket, a folder for each day of the events.
type files struct {
	place   place
	timeout time.Duration
}

// place is where files are stored. A file is visible only when it is complete and durable.
type place interface {
	write(ctx context.Context, name string, data []byte) error
	// read returns a file, or an error that is os.ErrNotExist.
	read(ctx context.Context, name string) ([]byte, error)
	close()
}

const (
	manifestVersion = 1
	// maxManifest is the maximum size of a manifest that is read.
	maxManifest = 16 << 20
)

// manifest lists the files of a subscription and a day.
type manifest struct {
	Version      int            `json:"version"`
	Subscription string         `json:"subscription"`
	Day          string         `json:"day"`
	Files        []manifestFile `json:"files"`
}

type manifestFile struct {
	File   string `json:"file"`
	Rows   int    `json:"rows"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

var errNoFiles = errors.New("no files are written: set notifier.files")

func (t files) Check(spec subscriptions.Spec) error {
	if t.place == nil {
		return errNoFiles
	}
	_, err := subscriptions.ParseFolder(spec.To)
	return err
}

func (t files) Send(ctx context.Context, s subscriptions.Subscription, items []Item) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	outcomes := make([]Outcome, len(items))
	for i := range outcomes {
		outcomes[i].Detail = "another file of the same batch has failed"
	}
	for _, group := range byDay(items) {
		outcome := Outcome{Result: Delivered}
		if err := t.write(ctx, s, group); err != nil {
			outcome = Outcome{Detail: err.Error()}
		}
		for _, one := range group.places {
			outcomes[one] = outcome
		}
		if outcome.Result != Delivered {
			break
		}
	}
	return outcomes
}

// dayGroup are the items of a day.
type dayGroup struct {
	day    string
	items  []Item
	places []int // in the batch
}

// byDay returns items by the day of their event (UTC), in their order.
func byDay(items []Item) []*dayGroup {
	var groups []*dayGroup
	known := map[string]*dayGroup{}
	for i, item := range items {
		day := item.Event.Time.UTC().Format(time.DateOnly)
		if known[day] == nil {
			known[day] = &dayGroup{day: day}
			groups = append(groups, known[day])
		}
		known[day].items = append(known[day].items, item)
		known[day].places = append(known[day].places, i)
	}
	return groups
}

// write writes the file of a day and then lists it in the manifest. A repetition writes the same name.
func (t files) write(ctx context.Context, s subscriptions.Subscription, group *dayGroup) error {
	if err := t.Check(s.Spec); err != nil {
		return err
	}
	name, data, err := fileOf(s, group.items)
	if err != nil {
		return err
	}
	folder, err := subscriptions.ParseFolder(s.To)
	if err != nil {
		return err
	}
	folder = path.Join(folder, group.day)
	if err := t.place.write(ctx, path.Join(folder, name), data); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	entry := manifestFile{name, len(group.items), len(data), hex.EncodeToString(sum[:])}
	if err := t.list(ctx, path.Join(folder, s.ID+".manifest.json"), s, group.day, entry); err != nil {
		return fmt.Errorf("writing the manifest of %s: %w", group.day, err)
	}
	return nil
}

// list adds a file to a manifest.
func (t files) list(
	ctx context.Context, name string, s subscriptions.Subscription, day string, entry manifestFile,
) error {
	m := manifest{Version: manifestVersion, Subscription: s.Name, Day: day}
	text, err := t.place.read(ctx, name)
	if err == nil {
		err = json.Unmarshal(text, &m)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	m.Files = slices.DeleteFunc(m.Files, func(one manifestFile) bool { return one.File == entry.File })
	m.Files = append(m.Files, entry)
	if text, err = json.MarshalIndent(m, "", "  "); err != nil {
		return err
	}
	return t.place.write(ctx, name, append(text, '\n'))
}

// fileOf returns the name and the content of a file with items. The name has the ids of the first and the last
// delivery.
func fileOf(s subscriptions.Subscription, items []Item) (name string, data []byte, err error) {
	form := s.Form
	if form == "" {
		form = forms.JSONLines
	}
	events := make([]forms.Event, len(items))
	for i, item := range items {
		events[i] = item.Event
	}
	var out bytes.Buffer
	if err := forms.WriteFile(&out, form, events); err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("%s-%012d-%012d.%s", s.ID, items[0].ID, items[len(items)-1].ID, form), out.Bytes(), nil
}

func (t files) Preview(s subscriptions.Subscription, items []Item) (string, error) {
	name, data, err := fileOf(s, items)
	if err != nil {
		return "", err
	}
	if s.Form == forms.Parquet {
		return fmt.Sprintf("%s (%d bytes)", name, len(data)), nil
	}
	return name + "\n\n" + string(data), nil
}

func (t files) Close() {
	if t.place != nil {
		t.place.close()
	}
}

// folder is a folder of the file system.
type folder string

func (f folder) write(_ context.Context, name string, data []byte) error {
	final := filepath.Join(string(f), filepath.FromSlash(name))
	parent := filepath.Dir(final)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	partial := filepath.Join(parent, "."+filepath.Base(final)+".partial")
	out, err := os.Create(partial)
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = os.Rename(partial, final)
	}
	if err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	// The new names must be durable too, those of folders included.
	for dir := parent; ; dir = filepath.Dir(dir) {
		if err := wholefile.SyncDir(dir); err != nil || len(dir) <= len(string(f)) {
			return err
		}
	}
}

func (f folder) read(_ context.Context, name string) ([]byte, error) {
	file, err := os.Open(filepath.Join(string(f), filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxManifest))
}

func (folder) close() {}

// bucket is the prefix of a bucket.
type bucket struct {
	client *objects.Client
	at     objects.Location
}

func (b bucket) write(ctx context.Context, name string, data []byte) error {
	return b.client.Put(ctx, b.at.Below(name), bytes.NewReader(data), int64(len(data)))
}

func (b bucket) read(ctx context.Context, name string) ([]byte, error) {
	body, err := b.client.Open(ctx, b.at.Below(name), 0, -1)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxManifest))
}

func (b bucket) close() { b.client.Close() }

// placeOf returns the place that a setting names, or nil.
func placeOf(setting string, s3 objects.Config) (place, error) {
	if setting == "" {
		return nil, nil //nolint:nilnil // no place
	}
	if !strings.HasPrefix(setting, objects.Scheme) {
		return folder(filepath.Clean(setting)), nil
	}
	at, err := objects.ParseLocation(setting)
	if err != nil {
		return nil, fmt.Errorf("notifier.files: %w", err)
	}
	client, err := objects.New(s3)
	if err != nil {
		return nil, err
	}
	return bucket{client, at}, nil
}
