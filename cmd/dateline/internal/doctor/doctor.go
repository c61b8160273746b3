// Package doctor checks a deployment from outside and advises how to fix each problem.
// It changes nothing, but for a small object that it writes to the bucket of the archive and
// deletes again.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/indexer/replica"
)

// Target describes a deployment.
type Target struct {
	// NATS configures the connection to the server. Its Wait is ignored.
	NATS bus.Config
	// Monitor is the address of the server's monitoring endpoint, such as
	// http://127.0.0.1:8222. It is empty if the endpoint cannot be reached.
	Monitor string
	// StoreURL is the URL of the store, in the form of store.Open. It is empty if this
	// machine cannot reach the store.
	StoreURL string
	// Replica is the replica of the store's database. Its URL is empty if none is configured.
	Replica replica.Config
	// Archive reads the archive. It is nil if nothing is archived.
	Archive *files.Files
	// Admin lists the admin addresses of the services, and Web is the address of the
	// web page and API. A deployment without them leaves both empty.
	Admin []string
	Web   string
	// ReadToken and OperateToken are the tokens of the web page, if they are known.
	ReadToken, OperateToken string
	// DataDir is the folder of the embedded server and store, or empty. MinFree is
	// the free space in bytes below which the pipeline stops.
	DataDir string
	MinFree int64
	// Timeout bounds each check.
	Timeout time.Duration
}

// Status is the result of a check.
type Status string

// The results. A check is skipped if another problem prevents it.
const (
	OK      Status = "ok"
	Problem Status = "problem"
	Skipped Status = "skipped"
)

// Finding is one finding of a check.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Found describes the finding, and Advice how to fix a problem.
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"`
}

// Count returns the number of findings with a status.
func Count(findings []Finding, status Status) int {
	return len(slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Status != status }))
}

// Examine runs all checks concurrently and returns their findings in a fixed order. It
// takes a few timeouts at most, even if nothing answers.
func Examine(ctx context.Context, target Target) []Finding {
	examiners := []func(context.Context, Target, *report){
		examineNATS, examineStore, examineReplica, examineBucket, examineTokens, examineDisk, examineAdmin, examineWeb,
	}
	reports := make([]report, len(examiners))
	var tasks errgroup.Group
	for i, examine := range examiners {
		tasks.Go(func() error {
			examine(ctx, target, &reports[i])
			return nil
		})
	}
	_ = tasks.Wait() // no task returns an error
	return slices.Concat(reports...)
}

// within runs a check with the target's timeout.
func (t Target) within(ctx context.Context, check func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	check(ctx)
}

// report collects the findings of one examiner.
type report []Finding

func (r *report) ok(check, format string, args ...any) {
	*r = append(*r, Finding{Check: check, Status: OK, Found: fmt.Sprintf(format, args...)})
}

func (r *report) problem(check, advice, format string, args ...any) {
	*r = append(*r, Finding{Check: check, Status: Problem, Found: fmt.Sprintf(format, args...), Advice: advice})
}

func (r *report) skip(check, format string, args ...any) {
	*r = append(*r, Finding{Check: check, Status: Skipped, Found: fmt.Sprintf(format, args...)})
}

// skipAll skips checks for the same reason.
func (r *report) skipAll(why string, checks ...string) {
	for _, check := range checks {
		r.skip(check, "%s", why)
	}
}

// plural returns a number with its noun: 1 input, 2 inputs.
func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// messagesWait states how many messages wait.
func messagesWait(n uint64) string {
	if n == 1 {
		return "1 message waits"
	}
	return fmt.Sprintf("%d messages wait", n)
}

// isFine reports whether a check has found no problem so far.
func (r *report) isFine(check string) bool {
	return !slices.ContainsFunc(*r, func(f Finding) bool { return f.Check == check && f.Status == Problem })
}

// isWhole reports whether a check has found no problem so far, and has skipped nothing.
func (r *report) isWhole(check string) bool {
	return !slices.ContainsFunc(*r, func(f Finding) bool { return f.Check == check && f.Status != OK })
}

// maxSkew is the maximum difference between two clocks. Dates, leases and retries
// depend on clocks that agree.
const maxSkew = 2 * time.Second

// examineClock compares the clock of another machine with this one's. theirs was read
// between before and after, which are times of this machine.
func (r *report) examineClock(whose string, before, theirs, after time.Time) {
	const check = "clock"
	uncertainty := after.Sub(before) / 2
	skew := theirs.Sub(before.Add(uncertainty))
	if skew.Abs() > maxSkew+uncertainty {
		r.problem(check, "synchronize the clocks of both machines (chrony, systemd-timesyncd)",
			"the clock of %s is %s off from this machine's", whose, skew.Round(time.Millisecond))
		return
	}
	r.ok(check, "the clocks of %s and this machine agree to %s", whose,
		max(skew.Abs(), uncertainty).Round(time.Millisecond))
}
