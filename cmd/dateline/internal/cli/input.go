package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/dateline-news/dateline/cmd/dateline/internal/ingest"
	"github.com/dateline-news/dateline/internal/weburl"
)

// Bounds of files and standard input, in bytes.
const (
	maxLine = 64 << 10
	maxPage = 16 << 20
)

// input is a URL or a saved page.
type input struct {
	url  string
	page []byte // nil for a URL
}

// readInputs yields the inputs that arguments stand for: URLs, files of URLs, saved
// pages, and "-" for standard input. URLs are without user information, which may be a
// password, before they are published or shown. It ends after yielding an error.
func readInputs(args []string, stdin io.Reader) iter.Seq2[input, error] {
	return func(yield func(input, error) bool) {
		for _, arg := range args {
			if !readArgument(arg, stdin, func(in input, err error) bool {
				in.url = weburl.WithoutUsers(in.url)
				return yield(in, err)
			}) {
				return
			}
		}
	}
}

// readArgument yields the inputs of one argument, and reports whether to go on.
func readArgument(arg string, stdin io.Reader, yield func(input, error) bool) bool {
	fail := func(err error) bool {
		yield(input{}, err)
		return false
	}
	if strings.Contains(arg, "://") {
		return yield(input{url: arg}, nil)
	}
	if arg == "-" {
		return readFile("standard input", bufio.NewReader(stdin), yield)
	}
	f, err := os.Open(arg)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("there is no file %s; if it is a URL, write https://%s", arg, arg)
	}
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	name, err := filepath.Abs(arg)
	if err != nil {
		return fail(fmt.Errorf("finding %s: %w", arg, err))
	}
	return readFile(name, bufio.NewReader(f), yield)
}

// sniffed is how many bytes of a file are examined to tell what it is.
const sniffed = 512

// readFile yields the inputs in a file, and reports whether to go on. The first
// characters tell a saved page from a list of URLs.
func readFile(name string, r *bufio.Reader, yield func(input, error) bool) bool {
	var (
		byteOrderMark = []byte("\xef\xbb\xbf")
		gzipMagic     = []byte{0x1f, 0x8b}
	)
	start, _ := r.Peek(sniffed)
	if ingest.IsArchive(start) {
		yield(input{}, fmt.Errorf("%s is a web archive: \"dateline ingest\" reads it", name))
		return false
	}
	start = bytes.TrimLeft(bytes.TrimPrefix(start, byteOrderMark), " \t\r\n")
	if bytes.HasPrefix(start, []byte("<")) || bytes.HasPrefix(start, gzipMagic) {
		page, err := io.ReadAll(io.LimitReader(r, maxPage+1))
		if err == nil && len(page) > maxPage {
			err = fmt.Errorf("it is larger than %d bytes", maxPage)
		}
		if err != nil {
			yield(input{}, fmt.Errorf("reading %s: %w", name, err))
			return false
		}
		return yield(input{url: "file://" + filepath.ToSlash(name), page: page}, nil)
	}
	// A byte order mark is not part of the first URL. It also marks the UTF-16 that
	// Windows writes.
	lines := bufio.NewScanner(transform.NewReader(r, unicode.BOMOverride(encoding.Nop.NewDecoder())))
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if !yield(input{url: line}, nil) {
			return false
		}
	}
	if err := lines.Err(); err != nil {
		yield(input{}, fmt.Errorf("reading %s: %w", name, err))
		return false
	}
	return true
}
