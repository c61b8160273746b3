// Package doctor examines a deployment from outside, and says for each thing
// that is wrong what to do. It changes nothing.
package doctor

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dateline-news/dateline/internal/bus"
)

// Target is a deployment.
type Target struct {
	// NATS says how to reach the server; its Wait does not matter.
	NATS bus.Config
	// Monitor is the address of the server's monitoring, such as
	// http://127.0.0.1:8222; empty where it cannot be reached.
	Monitor string
	// StoreURL is the store, as store.Open reads it.
	StoreURL string
	// Admin are the addresses of the services' admin endpoints, and Web that of
	// the web page and API; empty where there are none.
	Admin []string
	Web   string
	// ReadToken and OperateToken are those of the web page, as far as known here.
	ReadToken, OperateToken string
	// DataDir is the folder of the embedded server and store, empty for none;
	// MinFree is the room in bytes below which the pipeline stops.
	DataDir string
	MinFree int64
	// Timeout bounds each check.
	Timeout time.Duration
}

// Status is the result of a check.
type Status string

// The results. What could not be checked, because something else is in the way,
// is skipped.
const (
	OK      Status = "ok"
	Problem Status = "problem"
	Skipped Status = "skipped"
)

// Finding is what a check found.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Found says what is, Advice what to do about a problem.
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"`
}

// report gathers the findings of one part of the examination.
type report []Finding

func (r *report) ok(check, format string, arguments ...any) {
	*r = append(*r, Finding{Check: check, Status: OK, Found: fmt.Sprintf(format, arguments...)})
}

func (r *report) problem(check, advice, format string, arguments ...any) {
	*r = append(*r, Finding{Check: check, Status: Problem, Found: fmt.Sprintf(format, arguments...), Advice: advice})
}

func (r *report) skip(check, format string, arguments ...any) {
	*r = append(*r, Finding{Check: check, Status: Skipped, Found: fmt.Sprintf(format, arguments...)})
}

// isFine says whether a check has had no problem so far.
func (r *report) isFine(check string) bool {
	for _, f := range *r {
		if f.Check == check && f.Status == Problem {
			return false
		}
	}
	return true
}

// Examine does all checks and returns what they found, in one order. It takes
// no longer than a few timeouts, also where nothing answers.
func Examine(ctx context.Context, target Target) []Finding {
	parts := []func(context.Context, Target, *report){examineNATS, examineStore, examineTokens, examineDisk, examineAdmin, examineWeb}
	reports := make([]report, len(parts))
	var tasks errgroup.Group
	for i, part := range parts {
		tasks.Go(func() error {
			part(ctx, target, &reports[i])
			return nil
		})
	}
	_ = tasks.Wait() // none has an error
	var all []Finding
	for _, r := range reports {
		all = append(all, r...)
	}
	return all
}

// within runs a check of the deployment within its time.
func (t Target) within(ctx context.Context, check func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	check(ctx)
}

// maxSkew is how far two clocks may be apart: dates, leases and retries depend
// on them.
const maxSkew = 2 * time.Second

// examineClock compares this machine's clock with another's, which was read
// between two times of this one.
func (r *report) examineClock(whose string, before, theirs, after time.Time) {
	const check = "clock"
	skew := theirs.Sub(before.Add(after.Sub(before) / 2))
	if skew.Abs() > maxSkew+after.Sub(before)/2 {
		r.problem(check, "have both machines keep time (chrony, systemd-timesyncd)", "the clock of %s is %s off from this machine's", whose, skew.Round(time.Millisecond))
		return
	}
	r.ok(check, "%s and this machine agree to %s", whose, max(skew.Abs(), after.Sub(before)/2).Round(time.Millisecond))
}
