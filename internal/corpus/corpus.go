// Package corpus reads a folder of saved pages with what is known about them,
// and serves the pages over HTTP with the bytes and charsets that they had.
//
// A corpus is a folder of sets. A set is a folder with pages/<id>.html.gz, the
// gzipped bytes of each page, and truth.jsonl, one JSON object a page.
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
	// maxLine bounds a line of truth.jsonl, in bytes.
	maxLine = 16 << 20
	// maxPage bounds a page, in bytes before compression.
	maxPage = 64 << 20
)

// Corpus is an opened folder. It does not change, and is safe for concurrent
// use.
type Corpus struct {
	sets []*Set
}

// Set is one folder of a corpus.
type Set struct {
	Name  string
	pages []*Page
}

// Page is one saved page and what is known about it. An empty field is
// unknown.
type Page struct {
	Set  string `json:"-"`
	ID   string `json:"id"`
	URL  string `json:"url"`
	Body string `json:"body"`
	// Paragraphs are those of Body where the source parts them.
	Paragraphs []Paragraph `json:"paragraphs"`
	Title      string      `json:"title"`
	// Authors is nil where unknown, and empty where the page has none.
	Authors []string `json:"authors"`
	// Published is a date or a time in ISO 8601.
	Published string `json:"published"`
	// With and Without are snippets that a good body has and has not.
	With     []string `json:"with"`
	Without  []string `json:"without"`
	Lang     string   `json:"lang"`
	PageType string   `json:"page_type"`

	file string
}

// Paragraph is one of a body's; a body is right with or without an optional
// one.
type Paragraph struct {
	Text     string `json:"text"`
	Optional bool   `json:"optional"`
	Role     string `json:"role"`
}

// Open reads the truth of every set below dir; pages are read when asked for.
// The error names the set, the line and the page that is at fault.
func Open(dir string) (*Corpus, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("corpus not found at %s; pass --corpus", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the corpus: %w", err)
	}
	c := &Corpus{}
	for _, entry := range entries {
		folder := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			continue // a README, or a link that leads nowhere
		}
		if _, err := os.Stat(filepath.Join(folder, "truth.jsonl")); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		set, err := openSet(folder)
		if err != nil {
			return nil, fmt.Errorf("opening the set %s: %w", entry.Name(), err)
		}
		c.sets = append(c.sets, set)
	}
	if len(c.sets) == 0 {
		return nil, fmt.Errorf("corpus at %s has no set: none of its folders holds a truth.jsonl; pass --corpus", dir)
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
		// An id is the name of a file; one with a path in it is refused.
		if page.ID == "" || page.ID != filepath.Base(page.ID) || seen[page.ID] {
			return nil, fmt.Errorf("truth.jsonl, line %d: id %q is empty, used twice or no file name", number, page.ID)
		}
		seen[page.ID] = true
		page.file = filepath.Join(folder, "pages", page.ID+".html.gz")
		if _, err := os.Stat(page.file); err != nil {
			return nil, fmt.Errorf("truth.jsonl, line %d: its page: %w", number, err)
		}
		set.pages = append(set.pages, page)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("truth.jsonl, behind line %d: %w", number, err)
	}
	return set, nil
}

// Sets lists the sets by name.
func (c *Corpus) Sets() []*Set { return slices.Clone(c.sets) }

// Set gives the set of that name; the error lists those that there are.
func (c *Corpus) Set(name string) (*Set, error) {
	var names []string
	for _, s := range c.sets {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("the corpus has no set %q, only %q", name, names)
}

// Pages lists the pages of all sets, set by set.
func (c *Corpus) Pages() []*Page {
	var pages []*Page
	for _, s := range c.sets {
		pages = append(pages, s.pages...)
	}
	return pages
}

// Pages lists the set's pages in the order of its truth.
func (s *Set) Pages() []*Page { return slices.Clone(s.pages) }

// Page gives the page of that id, or nil.
func (s *Set) Page(id string) *Page {
	i := slices.IndexFunc(s.pages, func(p *Page) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return s.pages[i]
}

// Compressed reads the page as it is stored: gzip of its bytes.
func (p *Page) Compressed() ([]byte, error) {
	data, err := os.ReadFile(p.file)
	if err != nil {
		return nil, fmt.Errorf("reading the page %s/%s: %w", p.Set, p.ID, err)
	}
	return data, nil
}

// HTML reads the page's own bytes, in its own encoding. A page above 64 MB is
// an error.
func (p *Page) HTML() ([]byte, error) {
	data, err := p.Compressed()
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpacking the page %s/%s: %w", p.Set, p.ID, err)
	}
	html, err := io.ReadAll(io.LimitReader(unpacked, maxPage+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking the page %s/%s: %w", p.Set, p.ID, err)
	}
	if len(html) > maxPage {
		return nil, fmt.Errorf("unpacking the page %s/%s: it is larger than %d bytes", p.Set, p.ID, maxPage)
	}
	return html, nil
}
