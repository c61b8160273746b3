// Command dateline is the news ingestion pipeline in one program.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}
