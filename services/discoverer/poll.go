package discoverer

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// pollInterval is the time between two looks for endpoints that are due.
	pollInterval = time.Second
	// pollBatch is the maximum number of endpoints that are claimed at once, and pollLease the
	// time in which their requests must be published. Then another process may publish them,
	// because this one may have been killed: the stream or intake drops the repeats.
	pollBatch, pollLease = 100, 20 * time.Second
	// overdueFirst is the number of endpoints that are polled at once after the start. overdueGap is
	// the time between two other polls that were due while nothing ran, and overdueSpan the maximum
	// time until the last of them.
	overdueFirst            = 10
	overdueGap, overdueSpan = 10 * time.Millisecond, 10 * time.Minute
)

// pollDue requests all endpoints that are due. The first call requests some, and spreads the others
// that were due while nothing ran, which takes seconds if they are many.
func (d *Discoverer) pollDue(ctx context.Context) error {
	if !d.spread {
		d.pollSome(ctx, overdueFirst)
		if err := d.spreadOverdue(ctx); err != nil {
			if ctx.Err() == nil {
				d.log.Warn("spreading overdue polls failed, retrying", "stage", "discover", "error", err)
			}
			return nil
		}
		d.spread = true
	}
	for ctx.Err() == nil && d.pollSome(ctx, pollBatch) {
	}
	return nil
}

// pollSome requests at most limit endpoints that are due, and reports whether more may be.
func (d *Discoverer) pollSome(ctx context.Context, limit int) (more bool) {
	endpoints, err := d.claim(ctx, limit)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Warn("looking for endpoints that are due failed, retrying", "stage", "discover", "error", err)
		}
		return false
	}
	if err := d.requestAll(ctx, endpoints); err != nil {
		if ctx.Err() == nil {
			d.log.Warn("storing the requests for endpoints failed, repeating them", "stage", "discover", "error", err)
		}
		return false
	}
	return len(endpoints) == limit
}

func (d *Discoverer) spreadOverdue(ctx context.Context) error {
	overdue, err := d.sources.Spread(ctx, d.now(), overdueGap, overdueSpan)
	if err == nil && overdue > 0 {
		d.log.Info("overdue polls spread", "stage", "discover", "polls", overdue)
	}
	return err
}

func (d *Discoverer) claim(ctx context.Context, limit int) ([]sources.Endpoint, error) {
	now := d.now()
	return d.sources.Claim(ctx, now, now.Add(pollLease), limit, d.config.PollsPerDay)
}

// requestAll publishes the requests for claimed endpoints, and then stores that it has.
func (d *Discoverer) requestAll(ctx context.Context, claimed []sources.Endpoint) error {
	requested := make([]sources.Endpoint, 0, len(claimed))
	for _, e := range claimed {
		err := d.request(ctx, e)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			d.log.Warn("requesting an endpoint failed, retrying", "stage", "discover", "url", e.URL, "error", err)
			continue
		}
		requested = append(requested, e)
	}
	return d.sources.Requested(ctx, requested, d.now().Add(d.config.PollTimeout))
}

// request publishes a request for an endpoint. It is unconditional until the endpoint has
// been read once, which a candidate has not, and while articles that it lists wait. It is also
// unconditional if the previous response was never read: the fetcher remembers its version, so the
// site would answer that nothing has changed.
func (d *Discoverer) request(ctx context.Context, e sources.Endpoint) error {
	request := &datelinev1.FetchRequest{
		Url: e.URL, RequestId: pollID(e.ID, e.Poll), Priority: datelinev1.Priority_PRIORITY_FRESH,
		RequestTime: timestamppb.New(d.now()), Purpose: e.Purpose,
		Force: e.State == sources.Candidate || e.Waiting > 0 || e.Settled < e.Poll-1,
	}
	msg, err := ledger.Message(subject.URLs, "discover:"+request.GetRequestId(), request)
	if err != nil {
		return err
	}
	if err := d.writer.Publish(ctx, msg); err != nil {
		return err
	}
	d.metrics.polls.WithLabelValues(subject.PurposeName(e.Purpose)).Inc()
	return nil
}

// pollPrefix starts the ids of requests for endpoints.
const pollPrefix = "poll."

// pollID returns the id of a request for an endpoint.
func pollID(endpoint string, poll int64) string {
	return fmt.Sprintf("%s%s.%d", pollPrefix, endpoint, poll)
}

// parsePollID returns the parts of the id of a request for an endpoint.
func parsePollID(id string) (endpoint string, poll int64, ok bool) {
	rest, ok := strings.CutPrefix(id, pollPrefix)
	endpoint, number, found := strings.Cut(rest, ".")
	poll, err := strconv.ParseInt(number, 10, 64)
	return endpoint, poll, ok && found && err == nil && poll > 0
}
