package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/pipeline"
	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func newExplain() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain URL",
		Short: "Show the outcomes of a URL, or why it is still waiting",
		Long: `Shows the outcome of each stage for a URL, with reason, attempt and time. While the
URL waits to be fetched, shows the attempts so far with their reasons, the time of the
next attempt, the place in the host's queue, and why the URL waits. If the discoverer
found the URL, the outcomes of the poll that found it come first. Outcomes expire (see
indexer.keep-outcomes); a note follows if the URL may have had older ones.`,
		Args: oneArg("one URL"),
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&asJSON, "json", false,
		"Print each outcome as a line of JSON, a note on expired ones as {\"expired\": …}, and each request that waits as "+
			"{\"waiting\": …}.")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		e := explanation{out: cmd.OutOrStdout(), asJSON: asJSON}
		if cfg.stored {
			err = e.read(cmd, cfg, canonical(args[0]))
		} else {
			err = e.request(cmd.Context(), cfg, canonical(args[0]))
		}
		if err != nil {
			return err
		}
		if len(e.outcomes)+len(e.waiting) == 0 && !e.isStored {
			err := fmt.Errorf("the ledger has no outcome for %s, and the URL is not waiting to be fetched: it was not "+
				"published here, or intake has not read it yet (see \"dateline status\")", args[0])
			if e.unread != nil {
				err = fmt.Errorf("the ledger has no outcome for %s; %w", args[0], e.unread)
			}
			if e.expired != "" {
				err = fmt.Errorf("%w; %s", err, e.expired)
			}
			return err
		}
		return errors.Join(e.print(), e.unread)
	}
	return cmd
}

// outcomeLine is an outcome as JSON, in the form of the HTTP API.
type outcomeLine struct {
	Time    time.Time `json:"time"`
	Stage   string    `json:"stage"`
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	URL     string    `json:"url,omitempty"`
	Request string    `json:"request,omitempty"`
	Attempt int32     `json:"attempt"`
	Output  string    `json:"output,omitempty"`
}

// explanation is what is known about a URL.
type explanation struct {
	out      io.Writer
	asJSON   bool
	outcomes []outcomeLine
	records  []*datelinev1.Outcome // what outcomes was made from, if read from the store
	waiting  []library.Waiting
	// expired is a note that outcomes may have expired, or empty. isStored reports whether an
	// article is stored all the same.
	expired  string
	isStored bool
	// unread is why it is unknown whether the URL waits, or nil.
	unread error
}

// read reads from the store and the streams of the deployment.
func (e *explanation) read(cmd *cobra.Command, cfg configuration, address string) (err error) {
	s, err := openStore(cmd, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if e.records, err = library.History(cmd.Context(), s, address); err != nil {
		return err
	}
	for _, o := range e.records {
		e.outcomes = append(e.outcomes, outcomeLine{
			Time: o.GetTime().AsTime(), Stage: subject.StageName(o.GetStage()), Verdict: subject.VerdictName(o.GetVerdict()),
			Reason: o.GetReason(), Detail: o.GetDetail(), URL: o.GetUrl(), Request: o.GetRequestId(),
			Attempt: o.GetAttempt(), Output: o.GetOutputId(),
		})
	}
	if err := e.readExpired(cmd.Context(), s, address); err != nil {
		return err
	}
	bus, err := cfg.connect(cmd, pipeline.Attach)
	if err != nil {
		// Without a running pipeline, only the ledger answers.
		if cfg.context != "" || cfg.NATS.URL != "" {
			e.unread = fmt.Errorf("it is unknown whether the URL waits to be fetched: %w", err)
		}
		return nil
	}
	defer func() { err = errors.Join(err, bus.Close()) }()
	e.waiting, err = library.New(s, bus.JS).Waiting(cmd.Context(), address)
	if errors.Is(err, library.ErrNoURL) {
		return nil // the outcomes of messages that are not URLs
	}
	return err
}

// readExpired reads whether outcomes of the URL may have expired.
func (e *explanation) readExpired(ctx context.Context, s store.Store, address string) error {
	since, err := s.OutcomesSince(ctx)
	if err != nil || since.IsZero() {
		return err
	}
	var article *store.Hit
	switch hit, err := s.Article(ctx, address); {
	case err == nil:
		article = &hit
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	e.noteExpired(since, article)
	return nil
}

// request asks the HTTP API of the deployment.
func (e *explanation) request(ctx context.Context, cfg configuration, address string) error {
	api, err := cfg.api()
	if err != nil {
		return err
	}
	err = api.Get(ctx, "/articles/"+url.PathEscape(address)+"/outcomes", &e.outcomes)
	if err != nil && !errors.Is(err, webapi.ErrNotFound) {
		return cfg.advise(err)
	}
	if err := api.Get(ctx, "/waiting?url="+url.QueryEscape(address), &e.waiting); err != nil {
		return err
	}
	return e.requestExpired(ctx, api, address)
}

// requestExpired asks the HTTP API whether outcomes of the URL may have expired. An older
// server has no answer.
func (e *explanation) requestExpired(ctx context.Context, api webapi.Client, address string) error {
	var storage library.Storage
	err := api.Get(ctx, "/storage", &storage)
	if errors.Is(err, webapi.ErrNotFound) || err == nil && storage.OutcomesSince.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	switch hit, err := api.Article(ctx, address); {
	case err == nil:
		e.noteExpired(storage.OutcomesSince, &hit)
	case errors.Is(err, store.ErrNotFound):
		e.noteExpired(storage.OutcomesSince, nil)
	default:
		return err
	}
	return nil
}

func (e *explanation) noteExpired(since time.Time, article *store.Hit) {
	e.isStored, e.expired = article != nil, library.ExpiredNote(since, article, len(e.outcomes) > 0)
}

func (e *explanation) print() error {
	if e.asJSON {
		return e.printJSON()
	}
	t := newTable(width(e.out), "time", "stage", "verdict", "reason", "attempt", "details")
	for _, o := range e.outcomes {
		details := o.Detail
		if details == "" && o.Output != "" {
			details = "→" + o.Output[:min(shownID, len(o.Output))]
		}
		t.AppendRow([]any{
			when(e.out, o.Time), o.Stage, o.Verdict, o.Reason, o.Attempt, details,
		})
	}
	if len(e.outcomes) > 0 {
		fmt.Fprintln(e.out, t.Render())
	}
	if e.expired != "" {
		fmt.Fprintln(e.out, e.expired)
	}
	for _, one := range e.waiting {
		e.printWaiting(one)
	}
	return nil
}

// printWaiting prints the state of a URL that waits to be fetched.
func (e *explanation) printWaiting(one library.Waiting) {
	now := time.Now()
	fmt.Fprintf(e.out, "\nwaits to be fetched: place %d of %d in the queue of its host (lane %s), admitted %s\n",
		one.Place, one.Queued, one.Lane, relative(now, one.Since))
	if len(one.Failures) > 0 {
		t := newTable(width(e.out), "failed", "reason", "details")
		for _, failure := range one.Failures {
			t.AppendRow([]any{when(e.out, failure.Time), failure.Reason, failure.Detail})
		}
		fmt.Fprintln(e.out, t.Render())
	}
	next := "now"
	if !one.Next.IsZero() {
		next = relative(now, one.Next)
	}
	fmt.Fprintf(e.out, "%s failed, next attempt: %s\nwhy: %s\n", plural(int(one.Attempts), "attempt"), next, one.Why)
}

func (e *explanation) printJSON() error {
	lines := json.NewEncoder(e.out)
	for _, record := range e.records {
		if err := printJSON(e.out, record); err != nil {
			return err
		}
	}
	if len(e.records) == 0 {
		for _, line := range e.outcomes {
			if err := lines.Encode(line); err != nil {
				return err
			}
		}
	}
	if e.expired != "" {
		if err := lines.Encode(map[string]string{"expired": e.expired}); err != nil {
			return err
		}
	}
	for _, one := range e.waiting {
		if err := lines.Encode(map[string]library.Waiting{"waiting": one}); err != nil {
			return err
		}
	}
	return nil
}
