// Command ccnews writes a web archive in the form of Common Crawl's news archive, made of
// the pages of a corpus, to measure how archives are read:
//
//	go -C tools run ./cmd/ccnews --corpus DIR --set aeb-dev --bytes 1000000000 --out made.warc.gz
//
// The pages are repeated under new URLs until the file has its size. Equal arguments make
// equal files.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dateline-news/dateline/internal/corpus"
	"github.com/dateline-news/dateline/internal/warctest"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "ccnews:", err)
		os.Exit(1)
	}
}

type config struct {
	corpus, set, out string
	bytes            int64
	hosts            int
}

func parse(args []string, output io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("ccnews", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&c.corpus, "corpus", "", "`folder` of the corpus (required)")
	flags.StringVar(&c.set, "set", "aeb-dev", "`set` of the corpus")
	flags.StringVar(&c.out, "out", "", "`file` to write (required)")
	flags.Int64Var(&c.bytes, "bytes", 100_000_000, "minimum `size` of the file in bytes")
	flags.IntVar(&c.hosts, "hosts", 500, "number of made-up `hosts`")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if c.corpus == "" || c.out == "" || c.bytes < 1 || c.hosts < 1 || flags.NArg() > 0 {
		return c, errors.New("pass --corpus, --out, a positive --bytes and a positive --hosts, and nothing else")
	}
	return c, nil
}

// begin is when the first page was captured.
var begin = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// run writes the archive, and prints the number of its pages.
func run(args []string, out, errOut io.Writer) (err error) {
	cfg, err := parse(args, errOut)
	if err != nil {
		return err
	}
	c, err := corpus.Open(cfg.corpus)
	if err != nil {
		return err
	}
	set, err := c.Set(cfg.set)
	if err != nil {
		return err
	}
	file, err := os.Create(cfg.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriter(file)
	pages, err := write(buffered, set.Pages(), cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d pages\n", pages)
	return buffered.Flush()
}

// write writes pages until the archive has its size, and returns their number.
func write(w io.Writer, pages []*corpus.Page, cfg config) (written int, err error) {
	info := warctest.Record{
		Type: "warcinfo", Date: begin, ID: "urn:made:info", Block: []byte("format: WARC File Format 1.0\r\n"),
	}
	size, err := w.Write(info.Gzip())
	for left := cfg.bytes - int64(size); err == nil && left > 0; written++ {
		page := pages[written%len(pages)]
		html, err := page.HTML()
		if err != nil {
			return written, err
		}
		uri := fmt.Sprintf("https://host-%d.example/%s/%d", written%cfg.hosts, page.ID, written)
		at := begin.Add(time.Duration(written) * time.Second)
		n, err := w.Write(warctest.Page(fmt.Sprintf("made-%d", written), uri, at, html).Gzip())
		if err != nil {
			return written, err
		}
		left -= int64(n)
	}
	return written, err
}
