package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/escape"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// tailFlags are the flags of dateline tail.
type tailFlags struct {
	asJSON           bool
	hosts, languages []string
	limit            int
}

func newTail() *cobra.Command {
	var f tailFlags
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print articles as they are stored, changed or erased",
		Long: `Prints a line for each new, changed or erased article as soon as the store has it,
until you press Ctrl-C. The NATS user needs only the permission to subscribe to
"revisions.>".`,
		Example: `  dateline tail --language ku
  dateline tail --host example.com --json`,
		Args: noArgs,
	}
	load := configured(cmd, quiet)
	flags := cmd.Flags()
	flags.BoolVar(&f.asJSON, "json", false, "Print each event as a line of JSON, with the whole record.")
	flags.StringSliceVar(&f.hosts, "host", nil,
		"Only articles from these `hosts` and their subdomains, separated by commas.")
	flags.StringSliceVar(&f.languages, "language", nil, "Only articles in these `languages`, separated by commas.")
	flags.IntVar(&f.limit, "limit", 0, "End after this many events. 0 means no limit.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if f.limit < 0 {
			return &usageError{fmt.Errorf("--limit is %d: it must not be negative", f.limit)}
		}
		bus, err := cfg.connect(cmd, pipeline.Attach)
		if err != nil {
			return err
		}
		return errors.Join(f.follow(cmd, bus.NC), bus.Close())
	}
	return cmd
}

// tailFlush bounds the wait for the server to register the subscription.
const tailFlush = 5 * time.Second

// follow prints events until the command is interrupted or the limit is reached.
func (f tailFlags) follow(cmd *cobra.Command, nc *nats.Conn) error {
	ctx := cmd.Context()
	events, err := nc.SubscribeSync(subject.AllRevisions)
	if err == nil {
		err = nc.FlushTimeout(tailFlush)
	}
	if err != nil {
		return fmt.Errorf("following revisions: %w", err)
	}
	for shown := 0; f.limit == 0 || shown < f.limit; {
		msg, err := events.NextMsgWithContext(ctx)
		switch {
		case errors.Is(context.Cause(ctx), context.Canceled):
			return nil // Ctrl-C
		case errors.Is(err, nats.ErrSlowConsumer):
			fmt.Fprintln(cmd.ErrOrStderr(), "events were missed: the output is slower than the pipeline")
			continue
		case err != nil:
			return fmt.Errorf("following revisions: %w", err)
		}
		event := &datelinev1.RevisionEvent{}
		if proto.Unmarshal(msg.Data, event) != nil || subject.IsReplay(event.GetChange()) || !f.match(event.GetArticle()) {
			continue // other programs may publish there
		}
		if err := f.print(cmd, event); err != nil {
			return err
		}
		shown++
	}
	return nil
}

// match reports whether the user wants to see events about an article. The article is nil
// if it was erased.
func (f tailFlags) match(a *datelinev1.Article) bool {
	under := func(host string) bool { return a.GetHost() == host || strings.HasSuffix(a.GetHost(), "."+host) }
	return (len(f.hosts) == 0 || slices.ContainsFunc(f.hosts, under)) &&
		(len(f.languages) == 0 || slices.Contains(f.languages, a.GetLanguage()))
}

func (f tailFlags) print(cmd *cobra.Command, event *datelinev1.RevisionEvent) error {
	out := cmd.OutOrStdout()
	if f.asJSON {
		return printJSON(out, event)
	}
	a := event.GetArticle()
	site := a.GetSiteName()
	if site == "" {
		site = a.GetHost()
	}
	change := strings.ToLower(strings.TrimPrefix(event.GetChange().String(), "REVISION_CHANGE_"))
	line := fmt.Sprintf("%s  %-9s", event.GetTime().AsTime().Local().Format(time.TimeOnly), change)
	if a != nil {
		line += fmt.Sprintf(" %-3s %s: %s", escape.Line(a.GetLanguage()), escape.Line(site), escape.Line(a.GetTitle()))
	}
	id := event.GetArticleId()[:min(shownID, len(event.GetArticleId()))]
	_, err := fmt.Fprintf(out, "%s  %s\n", snip(line, max(shrinkable["headline"].least, width(out)-shownID-2)), id)
	return err
}
