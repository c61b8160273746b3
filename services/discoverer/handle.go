package discoverer

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"

	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// handle reads responses.
func (d *Discoverer) handle(ctx context.Context, inputs []*stage.Input) []stage.Result {
	results := make([]stage.Result, len(inputs))
	for i, input := range inputs {
		results[i] = d.readResponse(ctx, input)
	}
	return results
}

// readResponse publishes the new URLs of a response, and then stores what is known about
// the endpoint. After a crash in between, the same URLs are published again with the same
// ids, so that intake drops them.
func (d *Discoverer) readResponse(ctx context.Context, input *stage.Input) stage.Result {
	ended := &datelinev1.Outcome{InputId: fmt.Sprintf("%s:%d", input.Stream, input.Sequence)}
	failed := func(err error) stage.Result { return stage.Result{Outcome: ended, Err: err} }
	page := &datelinev1.Page{}
	err := proto.Unmarshal(input.Data, page)
	if err == nil && page.GetId() == "" {
		err = errors.New("it has no id")
	}
	if err != nil {
		return failed(stage.Permanent(outcome.Malformed, fmt.Errorf(
			"message on %s is not a Page: %w: publish dateline.v1.Page in binary form", input.Subject, err)))
	}
	ended.InputId, ended.Url = page.GetId(), page.GetRequestedUrl()
	ended.RequestId, ended.Labels = page.GetRequest().GetRequestId(), page.GetRequest().GetLabels()
	if final, err := weburl.Parse(page.GetFinalUrl()); err == nil {
		ended.Host = final.Host()
	}
	end := func(verdict datelinev1.Verdict, reason outcome.Reason, detail string) stage.Result {
		ended.Verdict, ended.Reason, ended.Detail = verdict, string(reason), detail
		return stage.Result{Outcome: ended}
	}
	if walk, ok := parseWalkID(page.GetRequest().GetRequestId()); ok {
		made, err := d.settleWalk(ctx, walk, page)
		if err != nil {
			return failed(err)
		}
		return end(made.verdict, made.reason, made.detail)
	}
	if trial, ok := parseTrialID(page.GetRequest().GetRequestId()); ok {
		if err := d.deliver(trial, input.Data); err != nil {
			return failed(stage.Unavailable(err))
		}
		return end(datelinev1.Verdict_VERDICT_UNCHANGED, outcome.Trial, "")
	}
	made, err := d.read(ctx, page)
	if errors.Is(err, sources.ErrNotFound) {
		return end(datelinev1.Verdict_VERDICT_REJECTED, outcome.UnknownEndpoint,
			"the request is not a poll of an endpoint that exists: add the site with \"dateline sources add\"")
	}
	if err != nil {
		return failed(err)
	}
	return end(made.verdict, made.reason, made.detail)
}

// read reads a response with its body. The error is sources.ErrNotFound if no endpoint waits
// for it.
func (d *Discoverer) read(ctx context.Context, page *datelinev1.Page) (judgement, error) {
	endpoint, err := d.lookUp(ctx, page)
	if errors.Is(err, sources.ErrNotFound) {
		return judgement{}, err
	}
	if err != nil {
		return judgement{}, stage.Unavailable(err)
	}
	var body []byte
	if page.GetFailureReason() == "" {
		if body, err = d.bodies.Read(ctx, page); err != nil {
			return judgement{}, err
		}
	}
	return d.settle(ctx, endpoint, page, body)
}

// settle judges a response, publishes the URLs and stores the rest. It reads the source after
// other responses of it are settled: what they have taken counts.
func (d *Discoverer) settle(
	ctx context.Context, endpoint sources.Endpoint, page *datelinev1.Page, body []byte,
) (judgement, error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(endpoint.SourceID))
	lock := &d.locks[h.Sum32()%uint32(len(d.locks))]
	lock.Lock()
	defer lock.Unlock()
	source, err := d.source(ctx, endpoint)
	if errors.Is(err, sources.ErrNotFound) {
		return judgement{}, err
	}
	if err != nil {
		return judgement{}, stage.Unavailable(err)
	}
	active, err := d.sources.Schedules(ctx, source.ID)
	if err != nil {
		return judgement{}, stage.Unavailable(err)
	}
	shared := newPeers(d.known.get(source.ID), active)
	made := judge(endpoint, source, shared, page, body, d.config, d.now())
	found, err := d.publish(ctx, source, page, made)
	if err != nil {
		return judgement{}, err
	}
	delays := delaysOf(made.delays, d.now())
	stored, err := d.sources.Settle(ctx, made.endpoint, sources.Reading{
		Signature: made.signature, Named: made.named, Found: found, Delays: delays, Announced: d.announced(made),
	})
	if err == nil && !stored && endpoint.Pushed {
		err = errors.New("a response was stored meanwhile") // the push is judged again
	}
	if err == nil && stored && endpoint.Purpose != datelinev1.Purpose_PURPOSE_ROBOTS {
		d.known.put(source.ID, shared.credited)
		for _, delay := range delays {
			d.metrics.delay.Observe(delay.Seconds())
		}
		err = d.saveOthers(ctx, shared, endpoint.ID)
	}
	if err != nil {
		return judgement{}, stage.Unavailable(err)
	}
	return made, nil
}

// lookUp returns the endpoint that the request of a response polls, or that a hub has pushed.
func (d *Discoverer) lookUp(ctx context.Context, page *datelinev1.Page) (e sources.Endpoint, err error) {
	id, poll, ok := parsePollID(page.GetRequest().GetRequestId())
	pushed := false
	if !ok {
		id, pushed = parsePushID(page.GetRequest().GetRequestId())
	}
	if !ok && !pushed {
		return e, sources.ErrNotFound
	}
	if e, err = d.sources.Endpoint(ctx, id); err != nil {
		return e, err
	}
	if pushed {
		poll = e.Settled
	}
	e.Pushed = pushed
	if d.subscribes(e) {
		sub, err := d.sources.Subscription(ctx, e.ID)
		if err != nil && !errors.Is(err, sources.ErrNotFound) {
			return e, err
		}
		e.Subscription = sub
	}
	if poll > e.Poll || e.Purpose != page.GetRequest().GetPurpose() || e.URL != page.GetRequestedUrl() {
		return e, sources.ErrNotFound
	}
	if !pushed {
		e.Poll = poll
	}
	return e, nil
}

// source returns the source of an endpoint, with what the judgement of a response needs.
func (d *Discoverer) source(ctx context.Context, e sources.Endpoint) (s sources.Source, err error) {
	if s, err = d.sources.Get(ctx, e.SourceID); err != nil {
		return s, err
	}
	if e.Purpose == datelinev1.Purpose_PURPOSE_LINKS {
		s.Shapes, err = d.sources.Shapes(ctx, s.ID)
	}
	return s, err
}

// publish publishes the requests for new articles, and returns the articles once they are
// stored. It leaves out those that it has published for another endpoint of the source.
func (d *Discoverer) publish(
	ctx context.Context, source sources.Source, page *datelinev1.Page, made judgement,
) ([]sources.Article, error) {
	var published []sources.Article
	for _, request := range made.requests(source, page) {
		key, id := sentKey(source, request.GetUrl()), sources.Hash(request.GetRequestId())
		sent := d.sent.get(key)
		if sent != 0 && sent != id {
			continue
		}
		if sent == 0 {
			if err := d.publishRequest(ctx, request); err != nil {
				return nil, err
			}
			d.sent.put(key, id)
		}
		data, err := proto.Marshal(request)
		if err != nil {
			return nil, fmt.Errorf("encoding the request for %s: %w", request.GetUrl(), err)
		}
		published = append(published, sources.Article{
			RequestID: request.GetRequestId(), SourceID: source.ID, URL: request.GetUrl(), FindTime: d.now(), Request: data,
		})
	}
	d.metrics.found.WithLabelValues(subject.PurposeName(made.endpoint.Purpose)).Add(float64(len(made.fresh)))
	return published, nil
}

func (d *Discoverer) publishRequest(ctx context.Context, request *datelinev1.FetchRequest) error {
	msg, err := ledger.Message(subject.URLs, "discover:"+request.GetRequestId(), request)
	if err != nil {
		return err
	}
	err = d.writer.Publish(ctx, msg)
	if errors.Is(err, ledger.ErrTooLarge) {
		return stage.Permanent(outcome.TooLarge, fmt.Errorf("the request for %s exceeds the largest message that NATS "+
			"accepts: raise max_payload, or give the source fewer labels: %w", request.GetUrl(), err))
	}
	return err
}

// sentKey identifies an article of a source. A source that is removed and added again has
// other keys.
func sentKey(source sources.Source, url string) uint64 {
	return sources.Hash(fmt.Sprintf("%s %d %s", source.ID, source.AddTime.UnixMicro(), url))
}

// isPermanent reports whether all redirects of a response are permanent.
func isPermanent(redirects []*datelinev1.Redirect) bool {
	for _, r := range redirects {
		if r.GetStatus() != http.StatusMovedPermanently && r.GetStatus() != http.StatusPermanentRedirect {
			return false
		}
	}
	return len(redirects) > 0
}
