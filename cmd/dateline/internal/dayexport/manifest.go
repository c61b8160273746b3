package dayexport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ManifestName is the name of the manifest.
const ManifestName = "manifest.json"

const (
	manifestVersion = 1
	// manifestInterval is the minimum time between two writes of the manifest during a run.
	manifestInterval = time.Second
)

// Day is the file of a day.
type Day struct {
	Day    string `json:"day"`
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// manifest lists the files of an export.
type manifest struct {
	place         Place
	format, query string
	Days          map[string]Day
	written       time.Time
}

// manifestFile is the manifest as JSON.
type manifestFile struct {
	Version int    `json:"version"`
	Format  string `json:"format"`
	// Query describes the articles, apart from their period.
	Query string `json:"query"`
	Days  []Day  `json:"days"`
}

// validFile is the pattern of the names of files. Others could be anywhere.
var validFile = regexp.MustCompile(`^\d{4,}-\d\d-\d\d\.[a-z]+$`)

// openManifest reads the manifest of a place, or makes one if the place is empty. The error
// tells if the place has something else.
func openManifest(ctx context.Context, place Place, format, query string) (*manifest, error) {
	m := &manifest{place: place, format: format, query: query, Days: map[string]Day{}}
	data, err := place.read(ctx, ManifestName)
	if errors.Is(err, os.ErrNotExist) {
		isEmpty, err := place.isEmpty(ctx)
		if err == nil && !isEmpty { // the files of others, which the export could replace
			err = fmt.Errorf("%s has files but no %s: choose an empty folder", place, ManifestName)
		}
		if err != nil {
			return nil, err
		}
		return m, m.write(ctx)
	}
	var file manifestFile
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the manifest of %s: %w; choose another folder, or delete the export", place, err)
	}
	if file.Version != manifestVersion || file.Format != format || file.Query != query {
		return nil, fmt.Errorf("%s has an export of other articles or in another format (%s, %s): choose another folder",
			place, file.Format, file.Query)
	}
	for _, day := range file.Days {
		if !validFile.MatchString(day.File) || !strings.HasPrefix(day.File, day.Day+".") {
			return nil, fmt.Errorf("the manifest of %s names the file %q: choose another folder, or delete the export",
				place, day.File)
		}
		m.Days[day.Day] = day
	}
	return m, nil
}

// writeSometimes writes the manifest unless that happened a moment ago.
func (m *manifest) writeSometimes(ctx context.Context) error {
	if time.Since(m.written) < manifestInterval {
		return nil
	}
	return m.write(ctx)
}

// write replaces the manifest.
func (m *manifest) write(ctx context.Context) error {
	file := manifestFile{Version: manifestVersion, Format: m.format, Query: m.query, Days: []Day{}}
	for _, day := range m.Days {
		file.Days = append(file.Days, day)
	}
	slices.SortFunc(file.Days, func(a, b Day) int { return strings.Compare(a.Day, b.Day) })
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	out, err := m.place.scratch(ManifestName)
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	_, err = out.Write(append(data, '\n'))
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = m.place.store(ctx, out.Name(), ManifestName)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the manifest: %w", err), removeLocal(out.Name()))
	}
	m.written = time.Now()
	return nil
}
