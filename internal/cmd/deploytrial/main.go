// Command deploytrial is what a trial of a deployment needs besides the
// deployment itself: a made-up site to fetch, and a plain NATS client.
//
//	deploytrial site                         serves the site on :8080
//	deploytrial publish NATS-URL [SUBJECT]   publishes each line of standard input,
//	                                         on urls where no subject is named
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "deploytrial:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "site":
		return serve(ctx, ":8080")
	case len(args) == 2 && args[0] == "publish":
		return publish(ctx, args[1], "urls", in, out)
	case len(args) == 3 && args[0] == "publish":
		return publish(ctx, args[1], args[2], in, out)
	}
	return errors.New("usage: deploytrial site | deploytrial publish NATS-URL [SUBJECT]")
}

func serve(ctx context.Context, addr string) error {
	server := &http.Server{Addr: addr, Handler: site(), ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the site on %s: %w", addr, err)
	}
	return nil
}

// publish waits for the stream's word on every line, so that what it counts is
// what the deployment has taken over.
func publish(ctx context.Context, url, subject string, input io.Reader, out io.Writer) error {
	nc, err := nats.Connect(url, nats.Timeout(5*time.Second))
	if err != nil {
		return fmt.Errorf("connecting to NATS: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("opening JetStream: %w", err)
	}
	count := 0
	lines := bufio.NewScanner(input)
	for lines.Scan() {
		// While a cluster chooses another leader, nobody answers.
		if _, err := js.Publish(ctx, subject, lines.Bytes(), jetstream.WithRetryAttempts(40), jetstream.WithRetryWait(500*time.Millisecond)); err != nil {
			return fmt.Errorf("publishing %s: %w", lines.Text(), err)
		}
		count++
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading what is to be published: %w", err)
	}
	fmt.Fprintf(out, "%d messages published and acknowledged\n", count)
	return nil
}
