// Command servecorpus serves a corpus of saved pages on loopback, for trying
// the pipeline on real pages:
//
//	go run ./internal/cmd/servecorpus --set aeb-dev --hosts 50 --urls urls.txt
//
// It runs until interrupted.
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
	"strings"
	"syscall"
	"time"

	"github.com/dateline-news/dateline/internal/corpus"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "servecorpus:", err)
		os.Exit(1)
	}
}

type config struct {
	corpus, set, addr, urls string
	hosts                   int
}

func parse(args []string, errors io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("servecorpus", flag.ContinueOnError)
	flags.SetOutput(errors)
	flags.StringVar(&c.corpus, "corpus", "../shared/corpus", "`folder` of the corpus, relative to where the command runs: the repository's root")
	flags.StringVar(&c.set, "set", "", "list only the pages of these `sets`, parted by commas (default all)")
	flags.StringVar(&c.addr, "addr", "127.0.0.1:0", "`address` to listen on; port 0 takes a free one")
	flags.IntVar(&c.hosts, "hosts", 0, "spread the pages over `N` loopback hosts, 127.0.0.2 and up, besides the address, so that they are not fetched at the pace of one host (Linux; at most 250)")
	flags.StringVar(&c.urls, "urls", "", "write the pages' addresses to this `file`, one a line")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if c.hosts < 0 || c.hosts > 250 {
		return c, fmt.Errorf("--hosts %d: want 0 to 250", c.hosts)
	}
	return c, nil
}

// run serves until ctx ends, after printing the address it listens on.
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
			return fmt.Errorf("writing the list of addresses: %w", err)
		}
	}
	fmt.Fprintf(out, "http://%s (%d pages, %d hosts)\n", listeners[0].Addr(), len(pages), len(origins))
	return serve(ctx, listeners, c.Handler(origins...))
}

// choose gives the pages of the named sets, or of all.
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

// listen opens the address, and a port on each further host. The origins are
// where the pages' addresses are: the hosts if there are any.
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

// serve answers on every listener until ctx ends; answers under way are then
// given five seconds.
func serve(ctx context.Context, listeners []net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
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
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	stopping := server.Shutdown(grace)
	if stopping != nil {
		server.Close()
	}
	for range listeners {
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			failure = cmp.Or(failure, err)
		}
	}
	return errors.Join(failure, stopping)
}
