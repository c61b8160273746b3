package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/webapi"
	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/replica"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

func newStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show on one screen whether the deployment is healthy and working",
		Long: `Reads the state of the deployment twice from its web page. If the admin addresses of
its processes are known, also asks each process whether it is ready. Shows whether
articles flow, what waits, what failed, and since when. "dateline doctor" examines more.
The exit code is 0 if the deployment is healthy, 1 if it is not healthy or does not
answer, and 2 if the command line is invalid.`,
		Args: noArgs,
	}
	read := addReading(cmd, "Print the status as JSON.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		how, err := read()
		if err != nil {
			return err
		}
		s, err := readStatus(cmd.Context(), how.cfg, how.interval)
		if err != nil {
			return how.cfg.advise(err)
		}
		if how.asJSON {
			err = json.NewEncoder(cmd.OutOrStdout()).Encode(s)
		} else {
			err = s.print(cmd.OutOrStdout())
		}
		if err == nil && len(s.Problems) > 0 {
			err = errReported
		}
		return err
	}
	return cmd
}

// api returns a client for the web page of the deployment.
func (c configuration) api() (webapi.Client, error) {
	address := c.webAddr()
	if address == "" {
		return webapi.Client{}, fmt.Errorf("the address of the web page is unknown: give it with --client-web")
	}
	token := c.HTTP.OperateToken
	if token == "" {
		token = c.HTTP.ReadToken
	}
	return webapi.New(address, token), nil
}

// Words for what a deployment does.
const (
	flowing = "flowing" // inputs end
	waiting = "waiting" // inputs wait, and none ended between the readings
	idle    = "idle"    // nothing waits
)

// status is the state of a deployment. Times are those of its clock.
type status struct {
	Time    time.Time `json:"time"`
	Context string    `json:"context,omitempty"`
	Web     string    `json:"web"`
	// Problems is empty if the deployment is healthy.
	Problems []string `json:"problems"`
	Activity string   `json:"activity"`
	// Ended is the number of outcomes between the two readings.
	Ended    int64   `json:"ended"`
	Seconds  float64 `json:"seconds"`
	Articles int64   `json:"articles"`
	// Stages are in the order of the pipeline.
	Stages []stageStatus `json:"stages"`
	// DeadLetters counts the inputs that failed permanently and are kept. DeadSince is
	// the time of the oldest.
	DeadLetters uint64      `json:"dead_letters"`
	DeadSince   time.Time   `json:"dead_since,omitzero"`
	Failures    []failCount `json:"failures"`
	// Deliveries are those to all subscriptions.
	Deliveries library.Deliveries `json:"deliveries"`
	Silent     []silentHost       `json:"silent"`
	// Reads is nil if the database has no replica.
	Reads *replica.Reading `json:"reads,omitempty"`
}

// stageStatus is the work of a stage.
type stageStatus struct {
	Stage   string `json:"stage"`
	Waiting uint64 `json:"waiting"`
	InWork  int    `json:"in_work"`
	// Oldest is when the oldest waiting input was stored, if that is known.
	Oldest time.Time `json:"oldest,omitzero"`
	Ended  int64     `json:"ended"`
}

// failCount counts the dead letters of a stage for a reason, since the ledger began.
type failCount struct {
	Stage  string `json:"stage"`
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
	New    int64  `json:"new"`
}

// silentHost is a source that publishes nothing.
type silentHost struct {
	Host  string    `json:"host"`
	Since time.Time `json:"since,omitzero"`
	Cause string    `json:"cause"`
}

// maxSilent is the maximum number of silent sources that are listed.
const maxSilent = 5

func readStatus(ctx context.Context, cfg configuration, interval time.Duration) (status, error) {
	s := status{Context: cfg.context, Web: cfg.webAddr(), Problems: []string{}}
	api, err := cfg.api()
	if err != nil {
		return s, err
	}
	var before, now library.State
	if err := api.Get(ctx, "/state", &before); err != nil {
		return s, err
	}
	loop.Sleep(ctx, interval)
	if err := api.Get(ctx, "/state", &now); err != nil {
		return s, err
	}
	var sources []struct {
		Host  string    `json:"host"`
		Cause string    `json:"cause"`
		Last  time.Time `json:"last_new"`
	}
	if err := api.Get(ctx, "/sources?silent=true", &sources); err != nil {
		return s, err
	}
	for _, source := range sources {
		s.Silent = append(s.Silent, silentHost{source.Host, source.Last, source.Cause})
	}
	s.compare(before, now)
	for _, addr := range cfg.adminAddrs() {
		if problem := readiness(ctx, addr); problem != "" {
			s.Problems = append(s.Problems, problem)
		}
	}
	return s, ctx.Err()
}

// compare derives the status from two readings of the state.
func (s *status) compare(before, now library.State) {
	s.Time, s.Seconds, s.Articles = now.Time, now.Time.Sub(before.Time).Seconds(), now.Articles
	s.Ended = now.Outcomes - before.Outcomes
	for _, stage := range []datelinev1.Stage{
		datelinev1.Stage_STAGE_INTAKE, datelinev1.Stage_STAGE_FETCH, datelinev1.Stage_STAGE_EXTRACT,
		datelinev1.Stage_STAGE_INDEX,
	} {
		name := subject.StageName(stage)
		one := stageStatus{Stage: name, Ended: endsOf(now, name) - endsOf(before, name)}
		for _, consumer := range now.Consumers {
			if consumer.Stage == name {
				one.Waiting, one.InWork = consumer.Waiting, consumer.InWork
			}
		}
		if stage == datelinev1.Stage_STAGE_FETCH { // the fetcher has no consumer
			queue := streamOf(now, subject.StreamFrontier)
			one.Waiting, one.Oldest = queue.Messages, queue.Oldest
		}
		s.Stages = append(s.Stages, one)
	}
	s.Activity = idle
	if slices.ContainsFunc(s.Stages, func(one stageStatus) bool { return one.Waiting > 0 || one.InWork > 0 }) {
		s.Activity = waiting
	}
	if s.Ended > 0 {
		s.Activity = flowing
	}
	s.addDeliveries(before, now)
	s.addReads(now)
	letters := streamOf(now, subject.StreamDead)
	if letters.Messages > 0 {
		s.DeadLetters, s.DeadSince = letters.Messages, letters.Oldest
	}
	s.addFailures(before, now)
	s.addFullStreams(now)
}

// addDeliveries adds the notifier as the last stage. What waits for a target does not make the deployment waiting.
func (s *status) addDeliveries(before, now library.State) {
	d := now.Deliveries
	s.Deliveries = d
	ended := d.Delivered + d.GivenUp - before.Deliveries.Delivered - before.Deliveries.GivenUp
	s.Stages = append(s.Stages, stageStatus{
		Stage: subscriptions.Stage, Waiting: uint64(d.Waiting), Oldest: d.OverdueSince, Ended: max(0, ended),
	})
}

// addReads adds which database server answers. Without the primary or without the replica, the
// deployment is not healthy.
func (s *status) addReads(now library.State) {
	s.Reads = now.Reads
	if s.Reads == nil {
		return
	}
	if s.Reads.PrimaryProblem != "" {
		s.Problems = append(s.Problems, "the database is unavailable, and the web page reads from its replica: "+
			s.Reads.PrimaryProblem)
	}
	if s.Reads.ReplicaProblem != "" {
		s.Problems = append(s.Problems, "the replica of the database is not read: "+s.Reads.ReplicaProblem)
	}
}

// printReads prints which database server answers.
func (s status) printReads(w io.Writer) {
	if s.Reads == nil {
		return
	}
	text := "from the " + s.Reads.From
	if s.Reads.Lag != nil {
		text += fmt.Sprintf(", the replica is %.1f s behind", *s.Reads.Lag)
	}
	fmt.Fprintf(w, "reads   %s\n", text)
}

// printDeliveries prints the states of the subscriptions.
func (s status) printDeliveries(w io.Writer) {
	d := s.Deliveries
	text := "no subscriptions"
	if n := d.Subscribed(); n > 0 {
		text = fmt.Sprintf("%s: %d active, %d failing, %d suspended", plural(int(n), "subscription"), d.Active, d.Failing,
			d.Suspended)
	}
	if !d.FailingSince.IsZero() {
		text += ", failing since " + relative(s.Time, d.FailingSince)
	}
	fmt.Fprintf(w, "notify  %s\n", text)
}

func (s *status) addFailures(before, now library.State) {
	dead := subject.VerdictName(datelinev1.Verdict_VERDICT_DEAD)
	for _, end := range now.Ends {
		if end.Verdict != dead {
			continue
		}
		fail := failCount{Stage: end.Stage, Reason: end.Reason, Count: end.Count, New: end.Count}
		for _, old := range before.Ends {
			if old.Verdict == dead && old.Stage == end.Stage && old.Reason == end.Reason {
				fail.New -= old.Count
			}
		}
		s.Failures = append(s.Failures, fail)
	}
	slices.SortStableFunc(s.Failures, func(a, b failCount) int { return int(b.Count - a.Count) })
}

// addFullStreams adds a problem for each stream that has nearly no room left.
func (s *status) addFullStreams(now library.State) {
	const full = 0.9
	for _, stream := range now.Streams {
		if stream.MaxBytes > 0 && float64(stream.Bytes) > full*float64(stream.MaxBytes) {
			s.Problems = append(s.Problems, fmt.Sprintf("stream %s is %.0f %% full: it refuses messages when it is full",
				stream.Name, 100*float64(stream.Bytes)/float64(stream.MaxBytes)))
		}
	}
}

func endsOf(state library.State, stage string) (n int64) {
	for _, end := range state.Ends {
		if end.Stage == stage {
			n += end.Count
		}
	}
	return n
}

func streamOf(state library.State, name string) library.StreamState {
	for _, stream := range state.Streams {
		if stream.Name == name {
			return stream
		}
	}
	return library.StreamState{}
}

// readinessTimeout bounds the wait for a process to report whether it is ready.
const readinessTimeout = 3 * time.Second

// readiness returns the reason why the process at an admin address is not ready, or "" if
// it is ready.
func readiness(ctx context.Context, addr string) string {
	ctx, cancel := context.WithTimeout(ctx, readinessTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(addr)+"/readyz", nil)
	if err != nil {
		return "the admin address " + addr + " is invalid: give another with --client-admin"
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "the process at " + addr + " does not answer: start it, or give its address with --client-admin"
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<16)) // an empty answer is reported, too
	if response.StatusCode == http.StatusOK {
		return ""
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(body)), "\n"), func(line string) bool {
		return strings.HasSuffix(line, ": ok")
	})
	return "the process at " + addr + " is not ready: " + strings.Join(lines, "; ")
}

// print prints the status in 80 columns.
func (s status) print(w io.Writer) error {
	state := "healthy"
	if len(s.Problems) > 0 {
		state = "not healthy"
	}
	from := s.Web
	if s.Context != "" {
		from = "context " + s.Context
	}
	fmt.Fprintf(w, "%s, %s: %s in %.0f s, %s stored (%s)\n", state, s.Activity,
		plural(int(s.Ended), "outcome"), s.Seconds, plural(int(s.Articles), "article"), from)
	for _, problem := range s.Problems {
		fmt.Fprintf(w, "problem: %s\n", problem)
	}
	t := newTable(width(w), "stage", "waiting", "in work", "ended", "oldest")
	for _, one := range s.Stages {
		t.AppendRow([]any{one.Stage, one.Waiting, one.InWork, one.Ended, relative(s.Time, one.Oldest)})
	}
	fmt.Fprintf(w, "\n%s\n\n", t.Render())
	failed := "no dead letters"
	if s.DeadLetters > 0 {
		failed = fmt.Sprintf("%s, the oldest %s", plural(int(s.DeadLetters), "dead letter"), relative(s.Time, s.DeadSince))
	}
	fmt.Fprintf(w, "failed  %s\n", failed)
	for _, fail := range s.Failures[:min(len(s.Failures), maxSilent)] {
		fmt.Fprintf(w, "        %s %s: %d, %d of them now\n", fail.Stage, fail.Reason, fail.Count, fail.New)
	}
	s.printDeliveries(w)
	s.printReads(w)
	silent := "no silent sources"
	if len(s.Silent) > 0 {
		silent = plural(len(s.Silent), "silent source")
	}
	_, err := fmt.Fprintf(w, "silent  %s\n", silent)
	for _, host := range s.Silent[:min(len(s.Silent), maxSilent)] {
		last := ""
		if !host.Since.IsZero() {
			last = ", last new article " + relative(s.Time, host.Since)
		}
		fmt.Fprintf(w, "        %s: %s%s\n", host.Host, host.Cause, last)
	}
	return err
}
