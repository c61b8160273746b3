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

// Handle admits the request of each input.
func (in *Intake) Handle(ctx context.Context, inputs []*stage.Input) []stage.Result {
	results := make([]stage.Result, len(inputs))
	for i, input := range inputs {
		results[i] = in.admit(ctx, input)
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

// admit puts the URL of a message into the frontier, unless another request has it.
func (in *Intake) admit(ctx context.Context, input *stage.Input) stage.Result {
	ended := &datelinev1.Outcome{InputId: inputID(input)}
	result := stage.Result{Outcome: ended}
	requests, err := decode(input.Header, input.Data)
	if err != nil {
		ended.Url = string(input.Data[:min(len(input.Data), ledger.MaxText)])
		result.Err = stage.Permanent(outcome.Malformed, err)
		return result
	}
	if len(requests) > 1 {
		return in.split(ctx, ended, requests)
	}
	request := requests[0]
	ended.Url, ended.RequestId, ended.Labels = request.GetUrl(), request.GetRequestId(), request.GetLabels()
	url, err := weburl.Parse(request.GetUrl())
	if err != nil {
		result.Err = stage.Permanent(outcome.BadURL, err)
		return result
	}
	complete(request, input)
	ended.Url, ended.Host, ended.RequestId = url.String(), url.Host(), request.RequestId

	mark := seen.Mark{Request: request.RequestId, Input: ended.InputId, Time: in.now()}
	stored, claimed, err := in.seen.Claim(ctx, url.ID(), mark, request.GetForce())
	if err != nil {
		result.Err = stage.Unavailable(err)
		return result
	}
	if !claimed {
		ended.Verdict, ended.Reason = datelinev1.Verdict_VERDICT_DUPLICATE, string(outcome.Seen)
		ended.OutputId = stored.Request
		ended.Detail = fmt.Sprintf(
			"the URL was requested at %s (request %s): set force to fetch it again within the freshness window",
			stored.Time.UTC().Format(time.RFC3339), stored.Request)
		return result
	}
	ended.Verdict, ended.OutputId = datelinev1.Verdict_VERDICT_PRODUCED, request.RequestId
	if stored.Done {
		// The process crashed before it stored this outcome, and the URL has been
		// fetched since.
		return result
	}
	result.Err = in.enqueue(ctx, input, url, &datelinev1.FrontierEntry{
		Request: request, Url: url.String(), NotBeforeTime: request.GetNotBeforeTime(),
		AdmitTime: timestamppb.New(stored.Time), Mark: stored.Proto(), TraceParent: tracing.Parent(ctx),
	})
	return result
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

// enqueue puts an entry into the queue of its host. If the queue is full, the URL's
// claim is removed again.
func (in *Intake) enqueue(
	ctx context.Context, input *stage.Input, url weburl.URL, entry *datelinev1.FrontierEntry,
) error {
	err := frontier.Publish(ctx, in.js, "admit:"+inputID(input), entry)
	if errors.Is(err, frontier.ErrHostFull) {
		in.unclaim(ctx, url)
		cause := fmt.Errorf("the queue for %s is full: publish the URL again later, or requeue this dead letter "+
			"once the queue has drained", url.Host())
		if in.mayWait(input.Attempt > 1) {
			return stage.Transient(outcome.HostFull, cause)
		}
		return stage.Permanent(outcome.HostFull, cause)
	}
	if err != nil {
		return stage.Unavailable(err)
	}
	return nil
}

// unclaim removes a claim that led to nothing.
func (in *Intake) unclaim(ctx context.Context, url weburl.URL) {
	if err := in.seen.Forget(ctx, url.ID()); err != nil {
		in.log.WarnContext(ctx, "removing a claim failed, it will expire with the freshness window", "url", url, "error", err)
	}
}
