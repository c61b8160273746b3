// Command deploytrial provides a site to fetch and a plain NATS client, for trials of
// a deployment.
//
//	deploytrial site                         serve the site on :8080
//	deploytrial publish NATS-URL [SUBJECT]   publish each line of standard input,
//	                                         by default on the subject urls
//	deploytrial receive                      accept deliveries to subscriptions: web hooks on :8080, e-mails on :2525
//	deploytrial received URL                 print how many different web hooks (or, with the path /mail, e-mails)
//	                                         were accepted, and how many were repeated
//	deploytrial forward ADDR TARGET          forward connections, like a Service of Kubernetes
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

	"github.com/dateline-news/dateline/internal/subject"
)

const (
	siteAddr = ":8080"
	// timeout bounds connecting to NATS, and reading and answering a request.
	timeout = 5 * time.Second
	// Number of attempts to publish, and the pause between them. While a cluster
	// elects a new leader, nothing acknowledges a publish.
	publishAttempts = 40
	publishPause    = 500 * time.Millisecond
)

func main() { os.Exit(exitCode()) }

func exitCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "deploytrial:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "site":
		return serve(ctx, siteAddr, site())
	case len(args) == 2 && args[0] == "publish":
		return publish(ctx, args[1], subject.URLs, in, out)
	case len(args) == 3 && args[0] == "publish":
		return publish(ctx, args[1], args[2], in, out)
	case len(args) == 1 && args[0] == "receive":
		return receive(ctx)
	case len(args) == 2 && args[0] == "received":
		return received(ctx, args[1], out)
	case len(args) == 3 && args[0] == "forward":
		return forward(ctx, args[1], args[2])
	}
	return errors.New("usage: deploytrial site | deploytrial publish NATS-URL [SUBJECT] | deploytrial receive | " +
		"deploytrial received URL | deploytrial forward ADDR TARGET")
}

func serve(ctx context.Context, addr string, handler http.Handler) error {
	server := &http.Server{Addr: addr, Handler: handler, ReadTimeout: timeout, WriteTimeout: timeout}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", addr, err)
	}
	return nil
}

// publish publishes each line and waits for its acknowledgement, so that it counts
// only messages that the deployment has stored.
func publish(ctx context.Context, url, name string, input io.Reader, out io.Writer) error {
	nc, err := nats.Connect(url, nats.Timeout(timeout))
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
		_, err := js.Publish(ctx, name, lines.Bytes(),
			jetstream.WithRetryAttempts(publishAttempts), jetstream.WithRetryWait(publishPause))
		if err != nil {
			return fmt.Errorf("publishing %s: %w", lines.Text(), err)
		}
		count++
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading standard input: %w", err)
	}
	fmt.Fprintf(out, "%d messages published and acknowledged\n", count)
	return nil
}
