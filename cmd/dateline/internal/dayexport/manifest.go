package dayexport

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ManifestName is the name of the manifest in the folder.
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
	dir, format, query string
	Days               map[string]Day
	written            time.Time
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

// openManifest reads the manifest of a folder, or makes one if the folder is empty. The error
// tells if the folder has something else.
func openManifest(dir, format, query string) (*manifest, error) {
	m := &manifest{dir: dir, format: format, query: query, Days: map[string]Day{}}
	data, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if errors.Is(err, os.ErrNotExist) {
		if err := checkEmpty(dir); err != nil {
			return nil, err
		}
		return m, m.write()
	}
	var file manifestFile
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the manifest of %s: %w; choose another folder, or delete the export", dir, err)
	}
	if file.Version != manifestVersion || file.Format != format || file.Query != query {
		return nil, fmt.Errorf("%s has an export of other articles or in another format (%s, %s): choose another folder",
			dir, file.Format, file.Query)
	}
	for _, day := range file.Days {
		if !validFile.MatchString(day.File) || !strings.HasPrefix(day.File, day.Day+".") {
			return nil, fmt.Errorf("the manifest of %s names the file %q: choose another folder, or delete the export",
				dir, day.File)
		}
		m.Days[day.Day] = day
	}
	return m, nil
}

// checkEmpty returns an error if a folder has files of others, which an export could replace.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("reading the folder of the export: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			return fmt.Errorf("%s has files but no %s: choose an empty folder", dir, ManifestName)
		}
	}
	return nil
}

// writeSometimes writes the manifest unless that happened a moment ago.
func (m *manifest) writeSometimes() error {
	if time.Since(m.written) < manifestInterval {
		return nil
	}
	return m.write()
}

// write replaces the manifest.
func (m *manifest) write() error {
	file := manifestFile{Version: manifestVersion, Format: m.format, Query: m.query, Days: []Day{}}
	for _, day := range m.Days {
		file.Days = append(file.Days, day)
	}
	slices.SortFunc(file.Days, func(a, b Day) int { return strings.Compare(a.Day, b.Day) })
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	partial := filepath.Join(m.dir, "."+ManifestName+partialSuffix)
	out, err := os.Create(partial)
	if err == nil {
		_, err = out.Write(append(data, '\n'))
		err = errors.Join(err, out.Sync(), out.Close())
	}
	if err == nil {
		err = os.Rename(partial, filepath.Join(m.dir, ManifestName))
	}
	if err == nil {
		err = syncFolder(m.dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the manifest: %w", err), remove(partial))
	}
	m.written = time.Now()
	return nil
}
