package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/tracing"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// A request for a host whose queue is full waits for room: its message is delivered
// again until there is room. The stream limits the number of messages that wait, for
// all hosts together. To leave room for other hosts, only maxFull requests within
// fullWindow, which is about how long a request waits, may wait. Further requests
// are given up at once and can be requeued.
const (
	maxFull    = 500
	fullWindow = 2 * time.Minute
)

// Intake admits requests. Its method Handle is a stage.Handler.
type Intake struct {
	js   jetstream.JetStream
	seen *seen.Marks
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	full    int       // requests within this window that wait for room
	fullEnd time.Time // end of the window
}

// New returns an intake.
func New(js jetstream.JetStream, marks *seen.Marks, log *slog.Logger, now func() time.Time) *Intake {
	return &Intake{js: js, seen: marks, log: log, now: now}
}

// Handle admits the request of each input. Of requests for the same URL, the first one
// is admitted, and then the next one is compared with it.
func (in *Intake) Handle(ctx context.Context, inputs []*stage.Input) []stage.Result {
	results := make([]stage.Result, len(inputs))
	var waiting []*request
	for i, input := range inputs {
		if r := in.read(input.Trace(ctx), input, &results[i]); r != nil {
			waiting = append(waiting, r)
		}
	}
	for len(waiting) > 0 {
		var now, later []*request
		marks := make(map[string]bool, len(waiting))
		for _, r := range waiting {
			if key := r.key(); marks[key] {
				later = append(later, r)
			} else {
				marks[key] = true
				now = append(now, r)
			}
		}
		in.admit(ctx, now)
		waiting = later
	}
	return results
}

// mayWait reports whether a request may wait for room in its host's queue. A
// request that waits already may continue; a new one may wait unless there are too
// many.
func (in *Intake) mayWait(waits bool) bool {
	if waits {
		return true
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if now := in.now(); now.After(in.fullEnd) {
		in.full, in.fullEnd = 0, now.Add(fullWindow)
	}
	in.full++
	return in.full <= maxFull
}

// inputID returns a permanent id of a message. It includes the time, because the
// sequence starts from one again if the stream is created again.
func inputID(input *stage.Input) string {
	return strconv.FormatUint(input.Sequence, 10) + "-" + strconv.FormatInt(input.Stored.UnixNano(), 36)
}

// request is a request to admit, with the result to complete.
type request struct {
	*datelinev1.FetchRequest
	input  *stage.Input
	url    weburl.URL
	parent string // trace context
	result *stage.Result

	claimed seen.Claimed // the result of claiming the URL
}

// key returns the key of the URL's mark.
func (r *request) key() string { return seen.Key(r.url, r.GetPurpose()) }

// read decodes the request of a message. It returns nil if the message has ended or
// failed, which is in the result then.
func (in *Intake) read(ctx context.Context, input *stage.Input, result *stage.Result) *request {
	// Nothing that follows, such as a dead letter, may contain a password. A site never
	// gets user information, so that nothing depends on it.
	input.Data = weburl.MaskUsers(input.Data)
	ended := &datelinev1.Outcome{InputId: inputID(input)}
	result.Outcome = ended
	requests, err := decode(input.Header, input.Data)
	if err != nil {
		ended.Url = string(input.Data[:min(len(input.Data), ledger.MaxText)])
		result.Err = stage.Permanent(outcome.Malformed, err)
		return nil
	}
	if len(requests) > 1 {
		*result = in.split(ctx, ended, requests)
		return nil
	}
	r := &request{FetchRequest: requests[0], input: input, parent: tracing.Parent(ctx), result: result}
	r.Url = weburl.WithoutUsers(r.GetUrl())
	ended.Url, ended.RequestId, ended.Labels = r.GetUrl(), r.GetRequestId(), r.GetLabels()
	if r.url, err = weburl.Parse(r.GetUrl()); err != nil {
		result.Err = stage.Permanent(outcome.BadURL, err)
		return nil
	}
	complete(r.FetchRequest, input)
	ended.Url, ended.Host, ended.RequestId = r.url.String(), r.url.Host(), r.RequestId
	ended.OriginRequestId, ended.Detail = r.GetOrigin().GetRequestId(), describe(r.GetOrigin())
	return r
}

// admit puts the URLs of requests into the frontier, unless other requests have them.
// Their keys must differ from each other. First all marks are stored, and then all
// entries: after a crash in between, the messages are delivered again and find their
// own marks.
func (in *Intake) admit(ctx context.Context, requests []*request) {
	claims := make([]seen.Claim, len(requests))
	for i, r := range requests {
		claims[i] = seen.Claim{
			// An endpoint is polled again and again, and an article can be revisited, but once
			// for each request id.
			Key: r.key(), Force: r.GetForce() || r.GetRevisit() || subject.IsListing(r.GetPurpose()),
			Mark: seen.Mark{Request: r.RequestId, Input: r.result.Outcome.InputId, Time: in.now()},
		}
	}
	var entering []*request
	var admissions []frontier.Admission
	for i, claimed := range in.seen.ClaimAll(ctx, claims) {
		r := requests[i]
		r.claimed = claimed
		if entry := r.judge(claimed); entry != nil {
			entering = append(entering, r)
			cause := "admit:" + r.result.Outcome.InputId
			admissions = append(admissions, frontier.Admission{Cause: cause, Entry: entry})
		}
	}
	for i, err := range frontier.PublishAll(ctx, in.js, admissions) {
		entering[i].result.Err = in.entered(ctx, entering[i], err)
	}
}

// judge completes the result of a request by the result of its claim. It returns the
// entry to put into the frontier, if any.
func (r *request) judge(claimed seen.Claimed) *datelinev1.FrontierEntry {
	ended, mark := r.result.Outcome, claimed.Mark
	switch {
	case claimed.Err != nil:
		r.result.Err = stage.Unavailable(claimed.Err)
		return nil
	case !claimed.OK:
		ended.Verdict, ended.Reason = datelinev1.Verdict_VERDICT_DUPLICATE, string(outcome.Seen)
		ended.OutputId = mark.Request
		ended.Detail = fmt.Sprintf(
			"the URL was requested at %s (request %s): set force to fetch it again within the freshness window",
			mark.Time.UTC().Format(time.RFC3339), mark.Request)
		return nil
	}
	ended.Verdict, ended.OutputId = datelinev1.Verdict_VERDICT_PRODUCED, r.RequestId
	if subject.IsListing(r.GetPurpose()) {
		ended.Reason = string(outcome.Listing)
	}
	if mark.Done {
		// The process crashed before it stored this outcome, and the URL has been
		// fetched since.
		return nil
	}
	entry := &datelinev1.FrontierEntry{
		Request: r.FetchRequest, Url: r.url.String(), NotBeforeTime: r.GetNotBeforeTime(),
		AdmitTime: timestamppb.New(mark.Time), TraceParent: r.parent,
	}
	if !claimed.Again {
		// An entry without its mark may be the second one: its visit reads the mark, and
		// ends if the first one was visited.
		entry.Mark = mark.Proto()
	}
	return entry
}

// complete adds the id and the time of a request that has none.
func complete(request *datelinev1.FetchRequest, input *stage.Input) {
	if line := input.Header.Get(ledger.RequestID); request.RequestId == "" && isToken(line) {
		request.RequestId = line
	}
	if request.RequestId == "" {
		request.RequestId = inputID(input)
	}
	if request.RequestTime == nil {
		request.RequestTime = timestamppb.New(input.Stored)
	}
}

// entered returns the failure of a request whose entry was published with an error. If
// the queue of its host is full, the URL's claim is removed again.
func (in *Intake) entered(ctx context.Context, r *request, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, frontier.ErrHostFull):
		in.unclaim(ctx, r)
		cause := fmt.Errorf("the queue for %s is full: publish the URL again later, or requeue this dead letter "+
			"once the queue has drained", r.url.Host())
		if in.mayWait(r.input.Attempt > 1) {
			return stage.Transient(outcome.HostFull, cause)
		}
		return stage.Permanent(outcome.HostFull, cause)
	case ledger.IsTooLarge(err):
		in.unclaim(ctx, r)
		return stage.Permanent(outcome.TooLarge, fmt.Errorf("the request exceeds the largest message that NATS "+
			"accepts: raise max_payload, or send a smaller request: %w", err))
	}
	return stage.Unavailable(err)
}

// describe returns a sentence about where the discoverer found a URL, or "".
func describe(origin *datelinev1.Origin) string {
	if origin == nil {
		return ""
	}
	return fmt.Sprintf("found by source %s at place %d of the %s %s, fetched at %s", origin.GetSource(),
		origin.GetPosition(), subject.PurposeName(origin.GetEndpointPurpose()), origin.GetEndpointUrl(),
		origin.GetFindTime().AsTime().Format(time.RFC3339))
}

// unclaim takes back a claim that led to nothing.
func (in *Intake) unclaim(ctx context.Context, r *request) {
	if err := in.seen.Undo(ctx, r.key(), r.claimed); err != nil {
		in.log.WarnContext(ctx, "taking back a claim failed, it will expire with the freshness window",
			"url", r.url, "error", err)
	}
}
