package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/repair"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/progress"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// repairFlags are the flags of dateline repair.
type repairFlags struct {
	confirmed, asJSON bool
	since             time.Duration
}

func newRepair() *cobra.Command {
	var f repairFlags
	cmd := &cobra.Command{
		Use:   "repair",
		Short: "Store or publish again what was lost",
		Long: `First finds acked messages that are missing from the store, because the store is new
or was restored from an older backup. With --yes, stores those that are still on the
streams again, and prints how many are not.

Then finds the URLs, pages and articles that a stage produced but that are lost: the
next stage has no outcome for them, and they do not wait on a stream. A damaged disk
or a purged stream can cause this. With --yes, publishes exactly these again: a page
that is still on its stream is extracted again, and any other URL is fetched again.

The command can run while the pipeline works, and repeatedly.`,
		Args: noArgs,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&f.confirmed, "yes", false, "Repair. Without this flag, only print what is lost.")
	cmd.Flags().BoolVar(&f.asJSON, "json", false,
		"Print each stream with missing messages and each lost input as a line of JSON.")
	cmd.Flags().DurationVar(&f.since, "since", indexer.AuditReach,
		"Look for what was produced within this time, such as 24h.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		cfg, err := load()
		if err != nil {
			return err
		}
		if f.since <= 0 {
			return &usageError{fmt.Errorf("--since is %s: it must be positive", f.since)}
		}
		bus, err := openBus(cmd, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, bus.Close()) }()
		s, err := openStore(cmd, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		return f.run(cmd.Context(), cmd.OutOrStdout(), bus, s)
	}
	return cmd
}

func (f repairFlags) run(ctx context.Context, out io.Writer, bus *pipeline.Bus, s store.Store) error {
	report := &repairReport{out: out, asJSON: f.asJSON}
	if err := f.reread(ctx, bus, s, report); err != nil {
		return err
	}
	lost, err := repair.Find(ctx, bus.JS, s, time.Now().Add(-f.since))
	if err != nil {
		return err
	}
	var publisher *repair.Publisher
	if f.confirmed {
		if publisher, err = repair.NewPublisher(ctx, bus.JS, lost); err != nil {
			return err
		}
	}
	for _, l := range lost {
		var failure error
		if publisher != nil {
			failure = publisher.Publish(ctx, l)
		}
		if err := report.add(l, f.confirmed, failure); err != nil {
			return err
		}
	}
	return report.finish(f.confirmed)
}

// reread brings a store that is older than the streams up to date.
func (f repairFlags) reread(ctx context.Context, bus *pipeline.Bus, s store.Store, report *repairReport) error {
	states, err := progress.Compare(ctx, bus.JS, s)
	if err != nil {
		return err
	}
	for _, state := range states {
		if len(state.Missing) == 0 {
			continue
		}
		var missing repair.Missing
		if f.confirmed {
			missing, err = repair.Reread(ctx, bus.JS, s, state)
		} else {
			missing, err = repair.Examine(ctx, bus.JS, state)
		}
		if err == nil {
			err = report.addMissing(missing, f.confirmed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// missingLine are the missing messages of a stream as JSON.
type missingLine struct {
	Stream   string `json:"stream"`
	First    uint64 `json:"first"`
	Last     uint64 `json:"last"`
	Messages uint64 `json:"messages"`
	Gone     uint64 `json:"gone"`
	Refused  uint64 `json:"refused,omitempty"`
	Stored   bool   `json:"stored"`
}

// addMissing prints the missing messages of a stream.
func (r *repairReport) addMissing(m repair.Missing, confirmed bool) error {
	r.stale = true
	r.refused += m.Refused
	if r.asJSON {
		return json.NewEncoder(r.out).Encode(missingLine{
			m.Stream, m.First, m.Last, m.Messages, m.Gone, m.Refused, confirmed,
		})
	}
	fmt.Fprintf(r.out, "the store is older than the streams: it lacks %s of %s between %d and %d\n",
		plural(int(m.Messages), "message"), m.Stream, m.First, m.Last)
	if confirmed {
		fmt.Fprintf(r.out, "  read again from the stream: %d, impossible to store: %d\n", m.Messages-m.Gone, m.Refused)
	} else {
		fmt.Fprintf(r.out, "  still on the stream: %d; add --yes to store them\n", m.Messages-m.Gone)
	}
	if m.Gone > 0 {
		fmt.Fprintf(r.out, "  no longer on the stream: %d; publish the URLs of that time again\n", m.Gone)
	}
	return nil
}

// repairReport prints lost inputs: as lines of JSON at once, or as a table at the end.
type repairReport struct {
	out     io.Writer
	asJSON  bool
	rows    [][]any
	count   int
	failed  int
	refused uint64 // messages that cannot be stored
	stale   bool   // whether the store lacked messages
}

// lostLine is a lost input as JSON.
type lostLine struct {
	Stage     string    `json:"stage"`
	URL       string    `json:"url"`
	Request   string    `json:"request"`
	Time      time.Time `json:"time"`
	Published bool      `json:"published"`
	Error     string    `json:"error,omitempty"`
}

func (r *repairReport) add(l repair.Lost, confirmed bool, failure error) error {
	r.count++
	line := lostLine{
		Stage: subject.StageName(l.Stage), URL: l.Last.GetUrl(), Request: l.Last.GetRequestId(),
		Time: l.Last.GetTime().AsTime(), Published: confirmed && failure == nil,
	}
	if failure != nil {
		r.failed++
		line.Error = failure.Error()
	}
	if r.asJSON {
		return json.NewEncoder(r.out).Encode(line)
	}
	if len(r.rows) < maxRows {
		r.rows = append(r.rows, []any{line.Stage, when(r.out, line.Time), line.URL, line.Error})
	}
	return nil
}

// finish prints the table. It returns errReported if an input could not be published or a
// message could not be stored.
func (r *repairReport) finish(confirmed bool) error {
	if !r.asJSON {
		r.print(confirmed)
	}
	if r.failed > 0 || r.refused > 0 {
		return errReported
	}
	return nil
}

func (r *repairReport) print(confirmed bool) {
	if len(r.rows) > 0 {
		t := newTable(width(r.out), "lost before", "produced", "URL", "details")
		for _, row := range r.rows {
			t.AppendRow(row)
		}
		fmt.Fprintln(r.out, t.Render())
	}
	if more := r.count - len(r.rows); more > 0 {
		fmt.Fprintf(r.out, "and %s more\n", plural(more, "input"))
	}
	switch {
	case r.count == 0 && r.stale:
		fmt.Fprintln(r.out, "nothing else is lost")
	case r.count == 0:
		fmt.Fprintln(r.out, "nothing is lost")
	case !confirmed:
		fmt.Fprintf(r.out, "%s lost; add --yes to publish them again\n", plural(r.count, "input"))
	default:
		fmt.Fprintf(r.out, "%s published again, %d failed\n", plural(r.count-r.failed, "input"), r.failed)
	}
}
