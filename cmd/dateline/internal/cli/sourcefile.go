package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// imported is a source in a file.
type imported struct {
	url    string
	labels map[string]string
	policy sources.Policy
}

const (
	// peekBytes is the number of bytes at the start of a file that decide its format.
	peekBytes = 512
	// byteOrderMark is how spreadsheets begin files of text.
	byteOrderMark = "\ufeff"
	// maxImport is the maximum size of a file of sources or subscriptions in bytes.
	maxImport = 64 << 20
)

// readSources returns the sources in a file. "-" is standard input.
func readSources(name string, stdin io.Reader) ([]imported, error) {
	in, err := openImport(name, stdin)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return parseSources(in)
}

func parseSources(in io.Reader) ([]imported, error) {
	buffered := bufio.NewReader(in)
	if mark, _ := buffered.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = buffered.Discard(len(mark)) // cannot fail: these bytes have been read
	}
	peeked, _ := buffered.Peek(peekBytes) // fewer if the file is shorter
	start := strings.TrimSpace(string(peeked))
	switch {
	case strings.HasPrefix(start, "<"):
		return readOPML(buffered)
	case isCSV(start):
		return readCSV(buffered)
	}
	var all []imported
	lines := bufio.NewScanner(buffered)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && line[0] != '#' {
			all = append(all, imported{url: line})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the list of URLs: %w", err)
	}
	return all, nil
}

// openImport opens a file to import. "-" is standard input. Reading more than maxImport bytes
// is an error.
func openImport(name string, stdin io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return &bounded{io.NopCloser(stdin), maxImport}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return &bounded{file, maxImport}, nil
}

// bounded is a file that cannot be read beyond a number of bytes.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("the file exceeds %d MiB: import it in parts", maxImport>>20)
	}
	return n, err
}

// isCSV reports whether the first column in the first line of a file is url.
func isCSV(start string) bool {
	line, _, _ := strings.Cut(start, "\n")
	column, _, _ := strings.Cut(strings.TrimSpace(line), ",")
	return column == "url"
}

// readOPML returns the feeds of an OPML file.
func readOPML(r io.Reader) ([]imported, error) {
	var all []imported
	for decoder := xml.NewDecoder(r); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the OPML file: %w", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "outline" {
			continue
		}
		for _, attribute := range element.Attr {
			if strings.EqualFold(attribute.Name.Local, "xmlUrl") {
				all = append(all, imported{url: attribute.Value})
			}
		}
	}
}

// columns are the columns of a CSV file of sources, besides url and label.KEY.
var columns = map[string]func(p *sources.Policy, value string) error{
	"include":          func(p *sources.Policy, v string) error { p.Include = strings.Fields(v); return nil },
	"exclude":          func(p *sources.Policy, v string) error { p.Exclude = strings.Fields(v); return nil },
	"languages":        func(p *sources.Policy, v string) error { p.Languages = strings.Fields(v); return nil },
	"articles_per_day": func(p *sources.Policy, v string) error { return number(&p.ArticlesPerDay, v) },
	"polls_per_day":    func(p *sources.Policy, v string) error { return number(&p.PollsPerDay, v) },
	"revisits": func(p *sources.Policy, v string) error {
		on, err := strconv.ParseBool(v)
		p.NoRevisits = !on
		return err
	},
}

func number(into *int, text string) (err error) {
	*into, err = strconv.Atoi(text)
	return err
}

// readCSV returns the sources of a CSV file with a header line.
func readCSV(r io.Reader) ([]imported, error) {
	rows := csv.NewReader(r)
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the header of the CSV file: %w", err)
	}
	for _, name := range header {
		if columns[name] == nil && name != "url" && !strings.HasPrefix(name, "label.") {
			return nil, fmt.Errorf("the CSV file has the unknown column %q: use url, label.KEY, %s", name,
				strings.Join(slices.Sorted(maps.Keys(columns)), ", "))
		}
	}
	var all []imported
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the CSV file: %w", err)
		}
		source, err := importRow(header, row)
		if err != nil {
			return nil, err
		}
		all = append(all, source)
	}
}

func importRow(header, row []string) (imported, error) {
	source := imported{labels: map[string]string{}}
	for i, name := range header {
		key, isLabel := strings.CutPrefix(name, "label.")
		switch value := strings.TrimSpace(row[i]); {
		case name == "url":
			source.url = value
		case value == "":
		case isLabel:
			source.labels[key] = value
		default:
			if err := columns[name](&source.policy, value); err != nil {
				return imported{}, fmt.Errorf("%s: column %s: %w", source.url, name, err)
			}
		}
	}
	if err := source.policy.Validate(); err != nil {
		return imported{}, fmt.Errorf("%s: %w", source.url, err)
	}
	return source, nil
}
