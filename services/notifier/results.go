package notifier

import (
	"context"
	"sync"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// maxGroup is the number of deliveries from which a transaction takes no further reports, so that it is short.
const maxGroup = 500

// results stores the reports of turns. Reports that arrive while others are stored are stored in one transaction.
type results struct {
	subscriptions *subscriptions.Subscriptions
	owner         string
	pace          *pace

	mu      sync.Mutex
	waiting []*result // at most one for each turn
	leading bool      // a turn is storing
}

// result is a report that waits to be stored.
type result struct {
	id     string
	report subscriptions.Report
	// next gets true if the turn of the report has to store what waits, and false once the report is stored.
	next chan bool
	more bool
	err  error
}

// record stores the report of a turn, and reports whether the turn goes on.
func (r *results) record(ctx context.Context, id string, report subscriptions.Report) (more bool, err error) {
	one := &result{id: id, report: report, next: make(chan bool, 1)}
	r.mu.Lock()
	r.waiting = append(r.waiting, one)
	lead := !r.leading
	r.leading = true
	r.mu.Unlock()
	if lead || <-one.next {
		r.store(ctx, one)
	}
	return one.more, one.err
}

// store stores a group of reports, of which own is the first. Then the first one that waits stores the next group.
func (r *results) store(ctx context.Context, own *result) {
	var group []*result
	err := r.pace.write(ctx, func() error {
		group = r.take()
		return r.storeGroup(ctx, group)
	})
	if err != nil && len(group) > 1 { // a report that cannot be stored must not prevent others
		for _, one := range group {
			one.err = r.storeGroup(ctx, []*result{one})
		}
	} else {
		for _, one := range group {
			one.err = err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range group {
		if one != own {
			one.next <- false
		}
	}
	if r.leading = len(r.waiting) > 0; r.leading {
		r.waiting[0].next <- true
	}
}

// take removes a group from what waits.
func (r *results) take() (group []*result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	deliveries, count := 0, 0
	for _, one := range r.waiting {
		if deliveries >= maxGroup {
			break
		}
		deliveries += len(one.report.Deliveries)
		count++
	}
	group, r.waiting = r.waiting[:count:count], r.waiting[count:]
	return group
}

func (r *results) storeGroup(ctx context.Context, group []*result) error {
	reports := map[string]subscriptions.Report{}
	for _, one := range group {
		reports[one.id] = one.report
	}
	claimed, err := r.subscriptions.RecordAll(ctx, r.owner, reports, time.Now())
	for _, one := range group {
		one.more = err == nil && claimed[one.id]
	}
	return err
}
