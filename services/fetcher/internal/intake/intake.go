package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
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

// requestHeader carries the request id of a line of a message that was split.
const requestHeader = "Dateline-Request-Id"

// splitChunk is how many lines are published at once, few enough for several
// workers to stay below the client's bound, and splitTimeout how long that may take.
const (
	splitChunk   = 16
	splitTimeout = 10 * time.Second
)

// Requests for full hosts wait for room, delivered again and again. The stream lets
// so many of all requests wait at once that maxFull within fullWindow, which is
// about how long one waits, leave room for those of other hosts; the rest are
// given up at once, to be requeued.
const (
	maxFull    = 500
	fullWindow = 2 * time.Minute
)

// Intake admits requests. Its Handle is a stage.Handler for single inputs.
type Intake struct {
	js   jetstream.JetStream
	seen *seen.Marks
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	full    int       // requests that were told to wait for room in this window
	fullEnd time.Time // of the window
}

// mayWait says whether a request may wait for room in its host's queue: one that
// waits already may, another if there are not too many.
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

// inputID names a message for good: also when the stream is made anew and
// counts from one again.
func inputID(input *stage.Input) string {
	return strconv.FormatUint(input.Sequence, 10) + "-" + strconv.FormatInt(input.Stored.UnixNano(), 36)
}

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
		return in.split(ctx, input, ended, requests)
	}
	request := requests[0]
	ended.Url, ended.RequestId, ended.Labels = request.GetUrl(), request.GetRequestId(), request.GetLabels()
	url, err := weburl.Parse(request.GetUrl())
	if err != nil {
		result.Err = stage.Permanent(outcome.BadURL, err)
		return result
	}
	if line := input.Header.Get(requestHeader); request.RequestId == "" && isToken(line) {
		request.RequestId = line
	}
	if request.RequestId == "" {
		request.RequestId = ended.InputId
	}
	if request.RequestTime == nil {
		request.RequestTime = timestamppb.New(input.Stored)
	}
	ended.Url, ended.Host, ended.RequestId = url.String(), url.Host(), request.RequestId

	mark := seen.Mark{Request: request.RequestId, Input: ended.InputId, Time: in.now()}
	stored, claimed, err := in.seen.Claim(ctx, url.ID(), mark, request.GetForce())
	if err != nil {
		result.Err = stage.Unavailable(err)
		return result
	}
	if !claimed {
		ended.Verdict, ended.Reason, ended.OutputId = datelinev1.Verdict_VERDICT_DUPLICATE, string(outcome.Seen), stored.Request
		ended.Detail = fmt.Sprintf("the URL was requested at %s (request %s): set force to fetch it again within the freshness window", stored.Time.UTC().Format(time.RFC3339), stored.Request)
		return result
	}
	ended.Verdict, ended.OutputId = datelinev1.Verdict_VERDICT_PRODUCED, request.RequestId
	if stored.Done {
		// A crash came before the outcome, and the URL has been fetched since.
		return result
	}
	entry := &datelinev1.FrontierEntry{
		Request: request, Url: url.String(), NotBeforeTime: request.GetNotBeforeTime(), AdmitTime: timestamppb.New(stored.Time), Mark: stored.Proto(),
		TraceParent: tracing.Parent(ctx),
	}
	switch err := frontier.Publish(ctx, in.js, "admit:"+ended.InputId, entry); {
	case errors.Is(err, frontier.ErrHostFull):
		in.unclaim(ctx, url)
		cause := fmt.Errorf("as many URLs of %s wait as may: send it later, or requeue it when the host's queue is shorter", url.Host())
		if result.Err = stage.Permanent(outcome.HostFull, cause); in.mayWait(input.Attempt > 1) {
			result.Err = stage.Transient(outcome.HostFull, cause)
		}
	case err != nil:
		result.Err = stage.Unavailable(err)
	}
	return result
}

// unclaim takes a claim back that led to nothing.
func (in *Intake) unclaim(ctx context.Context, url weburl.URL) {
	if err := in.seen.Forget(ctx, url.ID()); err != nil {
		in.log.WarnContext(ctx, "taking a claim back; it runs out with the freshness window", "url", url, "error", err)
	}
}

// split turns a message with several URLs into as many messages, each an input
// of its own. It does not wait where `urls` is full: the room can only come from
// other messages, which this worker would keep from being read.
func (in *Intake) split(ctx context.Context, input *stage.Input, ended *datelinev1.Outcome, requests []*datelinev1.FetchRequest) stage.Result {
	result := stage.Result{Outcome: ended}
	ended.Url = requests[0].GetUrl()
	for chunk := range slices.Chunk(lines(ctx, ended.InputId, requests), splitChunk) {
		if err := in.publish(ctx, chunk); err != nil {
			result.Err = stage.Transient(outcome.URLsFull, fmt.Errorf("parting a message with %d URLs into messages of their own: %w", len(requests), err))
			return result
		}
	}
	ended.Verdict, ended.Reason = datelinev1.Verdict_VERDICT_PRODUCED, string(outcome.Split)
	ended.Detail = fmt.Sprintf("the message held %d URLs; each is now a message of its own", len(requests))
	return result
}

func lines(ctx context.Context, id string, requests []*datelinev1.FetchRequest) []*nats.Msg {
	msgs := make([]*nats.Msg, len(requests))
	for i, request := range requests {
		line := id + "." + strconv.Itoa(i+1)
		msg := nats.NewMsg(subject.URLs)
		msg.Header.Set(nats.MsgIdHdr, "line:"+line)
		msg.Header.Set(requestHeader, line)
		msg.Header.Set(ledger.ContentType, "text/plain")
		tracing.InjectLink(ctx, msg.Header)
		msg.Data = []byte(request.GetUrl())
		msgs[i] = msg
	}
	return msgs
}

// publish stores messages together and waits for all of them.
func (in *Intake) publish(ctx context.Context, msgs []*nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, splitTimeout)
	defer cancel()
	var futures []jetstream.PubAckFuture
	for _, msg := range msgs {
		future, err := in.js.PublishMsgAsync(msg)
		if err != nil {
			return err
		}
		futures = append(futures, future)
	}
	for _, future := range futures {
		select {
		case <-future.Ok():
		case err := <-future.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
