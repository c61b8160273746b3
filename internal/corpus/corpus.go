// Package corpus reads a folder of saved pages and their annotations, for tests and
// developer tools. It can serve the pages over HTTP with their original bytes.
//
// A corpus is a folder of sets. A set is a folder with pages/<id>.html.gz, the
// gzipped bytes of each page, and truth.jsonl, one JSON object per page.
package corpus

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	// maxLine is the maximum size of a line of truth.jsonl in bytes.
	maxLine = 16 << 20
	// maxPage is the maximum size of an uncompressed page in bytes.
	maxPage = 64 << 20
)

// Corpus is an opened corpus. It is immutable and safe for concurrent use.
type Corpus struct {
	sets []*Set
}

// Set is one folder of a corpus.
type Set struct {
	Name  string
	pages []*Page
}

// Page is a saved page with its annotations. An empty field is unknown.
type Page struct {
	Set  string `json:"-"`
	ID   string `json:"id"`
	URL  string `json:"url"`
	Body string `json:"body"`
	// Paragraphs are the paragraphs of Body, if the source separates them.
	Paragraphs []Paragraph `json:"paragraphs"`
	Title      string      `json:"title"`
	// Authors is nil if unknown, and empty if the page has none.
	Authors []string `json:"authors"`
	// Published is a date or a time in ISO 8601.
	Published string `json:"published"`
	// With and Without are snippets that a good body contains and does not
	// contain.
	With     []string `json:"with"`
	Without  []string `json:"without"`
	Lang     string   `json:"lang"`
	PageType string   `json:"page_type"`

	file string
}

// Paragraph is a paragraph of a body. A body is correct with or without an optional
// paragraph.
type Paragraph struct {
	Text     string `json:"text"`
	Optional bool   `json:"optional"`
	Role     string `json:"role"`
}

// Open reads the annotations of every set in dir. It does not read the pages. Its
// errors name the set, the line and the page at fault.
func Open(dir string) (*Corpus, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("corpus not found at %s; pass --corpus", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("opening corpus: %w", err)
	}
	c := &Corpus{}
	for _, entry := range entries {
		folder := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			continue // such as a README or a dangling link
		}
		if _, err := os.Stat(filepath.Join(folder, "truth.jsonl")); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		set, err := openSet(folder)
		if err != nil {
			return nil, fmt.Errorf("opening set %s: %w", entry.Name(), err)
		}
		c.sets = append(c.sets, set)
	}
	if len(c.sets) == 0 {
		return nil, fmt.Errorf("corpus at %s has no sets: none of its folders has a truth.jsonl; pass --corpus", dir)
	}
	return c, nil
}

func openSet(folder string) (*Set, error) {
	file, err := os.Open(filepath.Join(folder, "truth.jsonl"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	set := &Set{Name: filepath.Base(folder)}
	seen := make(map[string]bool)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLine)
	number := 0
	for lines.Scan() {
		number++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		page := &Page{Set: set.Name}
		if err := json.Unmarshal(lines.Bytes(), page); err != nil {
			return nil, fmt.Errorf("truth.jsonl, line %d: %w", number, err)
		}
		// An id is a file name and must not contain a path.
		if page.ID == "" || page.ID != filepath.Base(page.ID) || seen[page.ID] {
			return nil, fmt.Errorf("truth.jsonl, line %d: id %q is empty, used twice or not a file name", number, page.ID)
		}
		seen[page.ID] = true
		page.file = filepath.Join(folder, "pages", page.ID+".html.gz")
		if _, err := os.Stat(page.file); err != nil {
			return nil, fmt.Errorf("truth.jsonl, line %d: checking page: %w", number, err)
		}
		set.pages = append(set.pages, page)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("truth.jsonl, after line %d: %w", number, err)
	}
	return set, nil
}

// Sets returns the sets in the order of their names.
func (c *Corpus) Sets() []*Set { return slices.Clone(c.sets) }

// Set returns the set with a name. The error lists the existing sets.
func (c *Corpus) Set(name string) (*Set, error) {
	var names []string
	for _, s := range c.sets {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("the corpus has no set %q; it has %q", name, names)
}

// Pages returns the pages of all sets, set by set.
func (c *Corpus) Pages() []*Page {
	var pages []*Page
	for _, s := range c.sets {
		pages = append(pages, s.pages...)
	}
	return pages
}

// Pages returns the set's pages in the order of truth.jsonl.
func (s *Set) Pages() []*Page { return slices.Clone(s.pages) }

// Page returns the page with an id, or nil if there is none.
func (s *Set) Page(id string) *Page {
	i := slices.IndexFunc(s.pages, func(p *Page) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return s.pages[i]
}

// Compressed returns the gzipped bytes of the page, as stored.
func (p *Page) Compressed() ([]byte, error) {
	data, err := os.ReadFile(p.file)
	if err != nil {
		return nil, fmt.Errorf("reading page %s/%s: %w", p.Set, p.ID, err)
	}
	return data, nil
}

// HTML returns the original bytes of the page, in its original encoding. A page above
// 64 MiB is an error.
func (p *Page) HTML() ([]byte, error) {
	data, err := p.Compressed()
	if err != nil {
		return nil, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decompressing page %s/%s: %w", p.Set, p.ID, err)
	}
	html, err := io.ReadAll(io.LimitReader(reader, maxPage+1))
	if err != nil {
		return nil, fmt.Errorf("decompressing page %s/%s: %w", p.Set, p.ID, err)
	}
	if len(html) > maxPage {
		return nil, fmt.Errorf("decompressing page %s/%s: it is larger than %d bytes", p.Set, p.ID, maxPage)
	}
	return html, nil
}
