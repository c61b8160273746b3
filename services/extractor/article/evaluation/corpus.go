package evaluation

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Truth is the expected result for a page. An absent field is unknown.
type Truth struct {
	ID         string          `json:"id"`
	URL        string          `json:"url"`
	PageType   string          `json:"page_type"`
	Body       string          `json:"body"`
	Title      string          `json:"title"`
	Authors    *[]string       `json:"authors"`
	Published  string          `json:"published"`
	Paragraphs []Piece         `json:"paragraphs"`
	Crawl      json.RawMessage `json:"crawl_date"`
	// With and Without are snippets that the body must and must not contain.
	With    []string `json:"with"`
	Without []string `json:"without"`
}

// Piece is a paragraph of an expected body.
type Piece struct {
	Text string `json:"text"`
	// Optional reports whether the body is right with or without the paragraph.
	Optional bool `json:"optional"`
}

// HeldOut reports whether the page is held out: confidences are measured on it, but not
// made from it. A third of the sites are held out, each with all of its pages.
func (t *Truth) HeldOut() bool { return crc32.ChecksumIEEE([]byte(t.Site()))%3 == 0 }

// Site returns the host of the page, or its id if it has no host.
func (t *Truth) Site() string {
	if u, err := url.Parse(t.URL); err == nil && u.Host != "" {
		return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	}
	return t.ID
}

// maxPage is the maximum size of a page or of a line of truth.jsonl, in bytes.
const maxPage = 64 << 20

// ReadTruth reads the truth.jsonl of the set in a directory.
func ReadTruth(set string) ([]Truth, error) {
	f, err := os.Open(filepath.Join(set, "truth.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("opening truth: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxPage)
	var all []Truth
	for lines.Scan() {
		var t Truth
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			return nil, fmt.Errorf("reading %s: line %d: %w", f.Name(), len(all)+1, err)
		}
		all = append(all, t)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Name(), err)
	}
	return all, nil
}

// ReadPage reads a page of the set in a directory.
func ReadPage(set, id string) ([]byte, error) {
	f, err := os.Open(filepath.Join(set, "pages", id+".html.gz"))
	if err != nil {
		return nil, fmt.Errorf("opening page: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("reading page %s: %w", id, err)
	}
	body, err := io.ReadAll(io.LimitReader(z, maxPage))
	if err != nil {
		return nil, fmt.Errorf("reading page %s: %w", id, err)
	}
	return body, nil
}

// accepted returns the bodies that are right: one with and one without the optional
// paragraphs.
func (t *Truth) accepted() []string {
	if len(t.Paragraphs) == 0 {
		if t.Body == "" {
			return nil
		}
		return []string{t.Body}
	}
	var with, without []string
	for _, p := range t.Paragraphs {
		with = append(with, p.Text)
		if !p.Optional {
			without = append(without, p.Text)
		}
	}
	all := []string{strings.Join(with, "\n\n")}
	if len(without) > 0 && len(without) < len(with) {
		all = append(all, strings.Join(without, "\n\n"))
	}
	return all
}
