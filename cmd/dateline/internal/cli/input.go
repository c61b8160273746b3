package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Bounds of what is read from files and standard input.
const (
	maxLine = 64 << 10
	maxPage = 16 << 20
)

// item is one thing to ingest: a URL, or a saved page with its bytes.
type item struct {
	url  string
	page []byte
}

// items yields what the arguments stand for: URLs, files of URLs, saved pages,
// and "-" for standard input. An error ends it.
func items(args []string, stdin io.Reader) func(yield func(item, error) bool) {
	return func(yield func(item, error) bool) {
		for _, arg := range args {
			if !itemsOf(arg, stdin, yield) {
				return
			}
		}
	}
}

func itemsOf(arg string, stdin io.Reader, yield func(item, error) bool) bool {
	if strings.Contains(arg, "://") {
		return yield(item{url: arg}, nil)
	}
	if arg == "-" {
		return readItems("standard input", bufio.NewReader(stdin), yield)
	}
	f, err := os.Open(arg)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("there is no file %s; if it is meant as a URL, write https://%s", arg, arg)
	}
	if err != nil {
		return yield(item{}, err)
	}
	defer f.Close()
	name, err := filepath.Abs(arg)
	if err != nil {
		return yield(item{}, fmt.Errorf("finding %s: %w", arg, err))
	}
	return readItems(name, bufio.NewReader(f), yield)
}

// readItems tells a saved page from a list of URLs by its first character.
func readItems(name string, r *bufio.Reader, yield func(item, error) bool) bool {
	start, _ := r.Peek(512)
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(start) > 0 && (start[0] == '<' || bytes.HasPrefix(start, []byte{0x1f, 0x8b})) {
		page, err := io.ReadAll(io.LimitReader(r, maxPage+1))
		if err == nil && len(page) > maxPage {
			err = fmt.Errorf("it is larger than %d bytes", maxPage)
		}
		if err != nil {
			return yield(item{}, fmt.Errorf("reading %s: %w", name, err))
		}
		return yield(item{url: "file://" + filepath.ToSlash(name), page: page}, nil)
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if !yield(item{url: line}, nil) {
			return false
		}
	}
	if err := lines.Err(); err != nil {
		return yield(item{}, fmt.Errorf("reading %s: %w", name, err))
	}
	return true
}
