package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/cmd/dateline/internal/follow"
	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// requestFlags are the flags of commands that publish fetch requests.
type requestFlags struct {
	force  bool
	labels map[string]string
}

func (f *requestFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.force, "force", false, "Fetch URLs again that were fetched within the freshness window.")
	flags.StringToStringVar(&f.labels, "label", nil,
		"Attach this label to the request and to its article, as `key=value`; repeatable.")
}

func (f *requestFlags) request(url string) *datelinev1.FetchRequest {
	return &datelinev1.FetchRequest{
		Url: url, RequestId: rand.Text(), Force: f.force, Labels: f.labels, RequestTime: timestamppb.Now(),
	}
}

// priorities are the values of --priority.
var priorities = map[string]datelinev1.Priority{
	"fresh":    datelinev1.Priority_PRIORITY_FRESH,
	"backfill": datelinev1.Priority_PRIORITY_BACKFILL,
}

// publishFlags are the flags of dateline publish.
type publishFlags struct {
	requestFlags
	priority     string
	backfill     bool
	follow       bool
	wait, asJSON bool
	timeout      time.Duration
}

func newPublish() *cobra.Command {
	var f publishFlags
	cmd := &cobra.Command{
		Use:   "publish URL|FILE|- ...",
		Short: "Publish URLs for a running pipeline to fetch",
		Long: `Publishes URLs on the subject "urls" of the deployment's NATS server. The user of the
server needs only the permission to publish there. An argument is a URL, a file of URLs
(one per line, # starts a comment), a saved HTML page, or - for standard input. With
--wait, the command prints the final outcome of each URL and exits with code 1 if any
URL led to no article.

Without a running pipeline, the URLs are queued in an existing data folder for its next
run, but only if --data-dir names the folder.`,
		Example: `  dateline publish https://example.com/news/a --wait
  dateline publish urls.txt --label project=harbour --priority backfill
  grep harbour urls.txt | dateline publish - --json`,
		Args: someArgs,
	}
	load := configured(cmd, quiet)
	flags := cmd.Flags()
	f.add(flags)
	flags.StringVar(&f.priority, "priority", "fresh",
		"Queue the URLs in this `lane` of their host: fresh, or backfill, which is fetched after the fresh news.")
	flags.BoolVar(&f.follow, "follow", false,
		"Fetch the other pages of articles that are split into several, and join them into one record. "+
			"--follow=false leaves them out if the extractor's default is to follow.")
	flags.BoolVar(&f.backfill, "backfill", false, "")
	_ = flags.MarkDeprecated("backfill", "use --priority backfill") // fails only for flags that do not exist
	flags.BoolVar(&f.wait, "wait", false, "Wait for the final outcome of every URL, and print it.")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Minute,
		"With --wait, give up if no outcome arrives for this `time`.")
	flags.BoolVar(&f.asJSON, "json", false,
		"Print each URL as a line of JSON: when published or, with --wait, when its outcome is final.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		return f.run(cmd, cfg, args)
	}
	return cmd
}

func (f *publishFlags) run(cmd *cobra.Command, cfg configuration, args []string) (err error) {
	if f.backfill {
		f.priority = "backfill"
	}
	priority, known := priorities[f.priority]
	switch {
	case !known:
		return &usageError{fmt.Errorf("--priority is %q: choose fresh or backfill", f.priority)}
	case f.timeout <= 0:
		return &usageError{fmt.Errorf("--timeout is %s: it must be positive", f.timeout)}
	}
	bus, err := openForPublishing(cmd, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bus.Close()) }()
	if f.wait && bus.Embedded() {
		return fmt.Errorf("--wait needs a running pipeline: start one with \"dateline up --data-dir %s\"", cfg.Data.Dir)
	}
	p := publication{flags: f, priority: priority, bus: bus, ends: endTable{out: cmd.OutOrStdout(), asJSON: f.asJSON}}
	if cmd.Flags().Changed("follow") {
		p.follow = &f.follow
	}
	if err := p.publish(cmd, args); err != nil {
		return err
	}
	if f.wait {
		return p.ends.finish()
	}
	if f.asJSON {
		return nil
	}
	what, where := "published", bus.URL()
	switch {
	case bus.Embedded():
		what, where = "queued", "the data folder "+cfg.Data.Dir+", for the next pipeline that runs on it"
	case cfg.context != "":
		where += " (context " + cfg.context + ")"
	}
	to := map[bool]string{true: "in", false: "to"}[bus.Embedded()]
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s %s %s\n", what, plural(p.count, "URL"), to, where)
	return err
}

// openForPublishing connects to the deployment. Only an existing data folder that the
// user has named takes URLs without a pipeline.
func openForPublishing(cmd *cobra.Command, cfg configuration) (*pipeline.Bus, error) {
	if cfg.context == "" && cfg.chosen {
		return cfg.connect(cmd, pipeline.OpenBus)
	}
	bus, err := cfg.connect(cmd, pipeline.Attach)
	if errors.Is(err, pipeline.ErrNotRunning) {
		if _, missing := os.Stat(cfg.Data.Dir); missing == nil {
			err = fmt.Errorf("%w; --data-dir %s queues the URLs for its next run", err, cfg.Data.Dir)
		}
	}
	return bus, err
}

// publication publishes URLs, and follows them if the user wants to wait.
type publication struct {
	flags    *publishFlags
	priority datelinev1.Priority
	follow   *bool // nil means the extractor's default
	bus      *pipeline.Bus
	follower *follow.Follower // nil unless the user waits
	ends     endTable
	count    int
}

// publish publishes all inputs. If the user waits, it returns when they have ended, and
// never has more than maxWaiting in progress.
func (p *publication) publish(cmd *cobra.Command, args []string) error {
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	if p.flags.wait {
		var err error
		if p.follower, err = follow.Listen(ctx, p.bus.NC); err != nil {
			return err
		}
	}
	for in, err := range readInputs(args, cmd.InOrStdin()) {
		if err != nil {
			return fmt.Errorf("%w (%s published before this error)", err, plural(p.count, "URL"))
		}
		if err := p.publishOne(ctx, in); err != nil {
			return err
		}
		if err := p.await(ctx, maxWaiting); err != nil {
			return err
		}
	}
	return p.await(ctx, 1)
}

// requestLine is a published request as JSON.
type requestLine struct {
	URL     string `json:"url"`
	Request string `json:"request_id"`
}

func (p *publication) publishOne(ctx context.Context, in input) error {
	request := p.flags.request(in.url)
	request.Priority, request.Follow = p.priority, p.follow
	msg, err := message(request, in)
	if err != nil {
		return err
	}
	if p.follower != nil {
		p.follower.Add(request.GetRequestId(), in.url)
	}
	if _, err := p.bus.JS.PublishMsg(ctx, msg); err != nil {
		if errors.Is(err, jetstream.ErrNoStreamResponse) {
			err = fmt.Errorf("no stream at %s accepts it: start the pipeline, or give another server with --nats-url",
				p.bus.URL())
		}
		return fmt.Errorf("publishing %s: %w (%s published before this error)", in.url, err, plural(p.count, "URL"))
	}
	p.count++
	if p.flags.asJSON && p.follower == nil {
		return json.NewEncoder(p.ends.out).Encode(requestLine{in.url, request.GetRequestId()})
	}
	return nil
}

// await reports ends until fewer than limit requests are in progress.
func (p *publication) await(ctx context.Context, limit int) error {
	for p.follower != nil && p.follower.Waiting() >= limit {
		limited, cancel := context.WithTimeout(ctx, p.flags.timeout)
		ends, err := p.follower.Next(limited)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return errors.Join(p.ends.finish(), fmt.Errorf("no outcome for %[2]s, and %[1]s still in progress: "+
				"\"dateline explain URL\" shows why a URL waits, --timeout waits longer",
				plural(p.follower.Waiting(), "URL"), p.flags.timeout))
		}
		if err != nil {
			return err
		}
		for _, end := range ends {
			if err := p.ends.add(end); err != nil {
				return err
			}
		}
	}
	return nil
}

// seen reports whether a request ended because the URL had been requested before.
func seen(end follow.End) bool {
	return end.Outcome.GetVerdict() == datelinev1.Verdict_VERDICT_DUPLICATE
}

// endRow returns the row of a table for a request that has ended.
func endRow(end follow.End) table.Row {
	o := end.Outcome
	id, details := "", o.GetDetail()
	switch {
	case seen(end):
		details = "requested before; --force fetches it again"
	case !end.Failed():
		id = o.GetOutputId()[:min(shownID, len(o.GetOutputId()))]
	}
	stage, verdict := subject.StageName(o.GetStage()), subject.VerdictName(o.GetVerdict())
	return table.Row{stage, verdict, o.GetReason(), end.URL, id, details}
}
