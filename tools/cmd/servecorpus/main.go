// Command servecorpus serves a corpus of saved pages on loopback, to try the pipeline
// on real pages:
//
//	go -C tools run ./cmd/servecorpus --corpus DIR --set aeb-dev --hosts 50 --urls urls.txt
//
// It runs until it is interrupted.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dateline-news/dateline/internal/corpus"
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "servecorpus:", err)
		return 1
	}
	return 0
}

type config struct {
	corpus, set, addr, urls string
	hosts                   int
}

// maxHosts is the maximum number of loopback addresses that servecorpus uses,
// starting at 127.0.0.2.
const maxHosts = 250

const (
	headerTimeout = 10 * time.Second
	// requestTimeout bounds a request, and the time a connection may be idle.
	requestTimeout = time.Minute
	// grace is the time that requests have to finish after an interrupt.
	grace = 5 * time.Second
)

func parse(args []string, output io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("servecorpus", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&c.corpus, "corpus", "", "`folder` of the corpus (required)")
	flags.StringVar(&c.set, "set", "", "comma-separated `sets` whose pages to list (default all)")
	flags.StringVar(&c.addr, "addr", "127.0.0.1:0", "`address` to listen on; port 0 selects a free port")
	flags.IntVar(&c.hosts, "hosts", 0, "distribute the pages over `N` loopback hosts, from 127.0.0.2, so that "+
		"the politeness towards one host does not limit the pace (Linux only; at most "+strconv.Itoa(maxHosts)+")")
	flags.StringVar(&c.urls, "urls", "", "write the URLs of the pages to this `file`, one per line")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if c.hosts < 0 || c.hosts > maxHosts {
		return c, fmt.Errorf("--hosts is %d: want 0 to %d", c.hosts, maxHosts)
	}
	if c.corpus == "" {
		return c, errors.New("--corpus is not set: pass the folder of a corpus")
	}
	return c, nil
}

// run prints the address and serves the corpus until ctx ends.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	cfg, err := parse(args, errOut)
	if err != nil {
		return err
	}
	c, err := corpus.Open(cfg.corpus)
	if err != nil {
		return err
	}
	pages, err := choose(c, cfg.set)
	if err != nil {
		return err
	}
	listeners, origins, err := listen(ctx, cfg)
	if err != nil {
		return err
	}
	if cfg.urls != "" {
		list := strings.Join(corpus.URLs(pages, origins...), "\n") + "\n"
		if err := os.WriteFile(cfg.urls, []byte(list), 0o644); err != nil {
			closeAll(listeners)
			return fmt.Errorf("writing the list of URLs: %w", err)
		}
	}
	fmt.Fprintf(out, "http://%s (%d pages, %d hosts)\n", listeners[0].Addr(), len(pages), len(origins))
	return serve(ctx, listeners, c.Handler(origins...))
}

// choose returns the pages of the named sets, or all pages if names is empty.
func choose(c *corpus.Corpus, names string) ([]*corpus.Page, error) {
	if names == "" {
		return c.Pages(), nil
	}
	var pages []*corpus.Page
	for name := range strings.SplitSeq(names, ",") {
		set, err := c.Set(name)
		if err != nil {
			return nil, err
		}
		pages = append(pages, set.Pages()...)
	}
	return pages, nil
}

// listen listens on the address and on a port of each additional host. The origins of
// the pages' URLs are the additional hosts, or the address if there are none.
func listen(ctx context.Context, cfg config) (listeners []net.Listener, origins []string, err error) {
	addresses := []string{cfg.addr}
	for i := range cfg.hosts {
		addresses = append(addresses, fmt.Sprintf("127.0.0.%d:0", i+2))
	}
	var lc net.ListenConfig
	for _, address := range addresses {
		l, err := lc.Listen(ctx, "tcp", address)
		if err != nil {
			closeAll(listeners)
			return nil, nil, fmt.Errorf("listening on %s: %w", address, err)
		}
		listeners = append(listeners, l)
		origins = append(origins, "http://"+l.Addr().String())
	}
	if cfg.hosts > 0 {
		origins = origins[1:]
	}
	return listeners, origins, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// serve serves on every listener until ctx ends. Then requests in progress have some
// time to finish.
func serve(ctx context.Context, listeners []net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, WriteTimeout: requestTimeout, IdleTimeout: requestTimeout,
	}
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- server.Serve(l) }()
	}
	var failure error
	select {
	case failure = <-ended:
		ended <- failure
	case <-ctx.Done():
	}
	timeout, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	shutdown := server.Shutdown(timeout)
	if shutdown != nil {
		server.Close()
	}
	for range listeners {
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			failure = cmp.Or(failure, err)
		}
	}
	return errors.Join(failure, shutdown)
}
