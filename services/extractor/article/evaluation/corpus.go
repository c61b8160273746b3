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

// Truth is what is known of a page; an absent field is unknown.
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
}

// Piece is a paragraph of a truth.
type Piece struct {
	Text string `json:"text"`
	// Optional says that a body with or without it is right.
	Optional bool `json:"optional"`
}

// Held says that the page's site is one of the third that rules are measured on
// and never made from. All pages of a host fall on the same side.
func (t *Truth) Held() bool { return crc32.ChecksumIEEE([]byte(t.Site()))%3 == 0 }

// Site is the host of the page, or its id where it has none.
func (t *Truth) Site() string {
	if u, err := url.Parse(t.URL); err == nil && u.Host != "" {
		return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	}
	return t.ID
}

// maxPage bounds a page of a corpus, in bytes.
const maxPage = 64 << 20

// ReadTruth reads a set's truth.jsonl.
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
			return nil, fmt.Errorf("reading line %d of %s: %w", len(all)+1, f.Name(), err)
		}
		all = append(all, t)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Name(), err)
	}
	return all, nil
}

// ReadPage reads the bytes of a set's page.
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

// accepted are the bodies that are right: with the optional paragraphs, and
// without.
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
