package discoverer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/httpserve"
	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/hub"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

const (
	// maxPush is the maximum size of a pushed body in bytes, and maxPushing the maximum number
	// of pushes that are read at the same time.
	maxPush, maxPushing = 4 << 20, 16
	// maxPushesPerDay is the maximum number of pushes of a subscription in 24 hours.
	maxPushesPerDay = 2_000
	// maxChallenge is the maximum length of a challenge in bytes.
	maxChallenge = 4 << 10
	// callbackTimeout bounds a request to the callback, and callbackHeader its headers.
	callbackTimeout, callbackHeader = 30 * time.Second, 32 << 10
)

// callbackOf returns the URL at which a hub reaches a subscription.
func callbackOf(base, token string) string { return strings.TrimSuffix(base, "/") + "/" + token }

// serveCallback serves the requests of hubs until ctx ends.
func (d *Discoverer) serveCallback(ctx context.Context) error {
	return httpserve.Server{
		Addr: d.config.CallbackAddr, Name: "callback", Setting: "discoverer.callback-addr",
		Handler: http.HandlerFunc(d.answerHub), ReadTimeout: callbackTimeout, WriteTimeout: callbackTimeout,
		MaxHeaderBytes: callbackHeader, Grace: d.config.DrainTimeout, Log: d.log,
	}.Run(ctx)
}

// tokenPath matches a path that ends with a token: a proxy may have removed what is before.
var tokenPath = regexp.MustCompile(`/([A-Za-z0-9_-]{43})$`)

// answerHub answers a request of a hub: the verification of an intent, a denial or a push.
func (d *Discoverer) answerHub(w http.ResponseWriter, r *http.Request) {
	path := tokenPath.FindStringSubmatch(r.URL.Path)
	if path == nil {
		http.NotFound(w, r)
		return
	}
	sub, err := d.sources.SubscriptionOf(r.Context(), path[1])
	switch {
	case errors.Is(err, sources.ErrNotFound):
		d.metrics.pushes.WithLabelValues(pushUnknown).Inc()
		http.NotFound(w, r)
		return
	case err != nil:
		d.refuse(w, http.StatusServiceUnavailable, "reading a subscription failed", err)
		return
	}
	switch r.Method {
	case http.MethodGet:
		d.verify(w, r, sub)
	case http.MethodPost:
		d.takePush(w, r, sub)
	default:
		w.Header().Set("Allow", "GET, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (d *Discoverer) refuse(w http.ResponseWriter, status int, text string, err error) {
	d.log.Warn(text, "stage", "discover", "error", err)
	w.Header().Set("Retry-After", "60")
	http.Error(w, text, status)
}

// verify confirms what this program has asked a hub for, and nothing else: that keeps others from
// subscribing or unsubscribing it.
func (d *Discoverer) verify(w http.ResponseWriter, r *http.Request, sub sources.Subscription) {
	query, now := r.URL.Query(), d.now()
	challenge := query.Get("hub.challenge")
	isAsked := query.Get("hub.topic") == sub.Topic && !sub.RequestTime.IsZero()
	isIntent := isAsked && challenge != "" && len(challenge) <= maxChallenge
	err := sources.ErrNotFound
	switch mode := query.Get("hub.mode"); {
	case mode == hub.Denied && isAsked:
		challenge = ""
		reason := "the hub denies the subscription: " + query.Get("hub.reason")
		err = d.sources.Deny(r.Context(), sub.Token, reason, now.Add(hubRefused))
	case mode == hub.Unsubscribe && isIntent:
		err = d.sources.Unsubscribe(r.Context(), sub.Token)
	case mode == hub.Subscribe && isIntent:
		seconds, e := strconv.Atoi(query.Get("hub.lease_seconds"))
		if e == nil && seconds > 0 {
			lease := time.Duration(min(seconds, int(maxLease/time.Second))) * time.Second
			err = d.sources.Confirm(r.Context(), sub.Token, now.Add(lease), renewal(now, lease))
		}
	}
	switch {
	case errors.Is(err, sources.ErrNotFound):
		http.NotFound(w, r)
	case err != nil:
		d.refuse(w, http.StatusServiceUnavailable, "storing the answer of a hub failed", err)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, challenge)
	}
}

// takePush passes a push on as the response to a request for its endpoint. What a push cannot be
// is ignored with a status of success, as WebSub demands, so that the sender learns nothing.
func (d *Discoverer) takePush(w http.ResponseWriter, r *http.Request, sub sources.Subscription) {
	select {
	case d.pushing <- struct{}{}:
		defer func() { <-d.pushing }()
	default:
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	var result string
	var status int
	if _, isTooLarge := errors.AsType[*http.MaxBytesError](err); isTooLarge {
		result, status = pushTooLarge, http.StatusRequestEntityTooLarge
	} else if err != nil {
		return // the connection has ended
	} else if result, status = judgePush(r.Header, body, sub, d.now()); result == pushTaken {
		if result, status, err = d.passOn(r, body, sub); err != nil {
			d.refuse(w, http.StatusServiceUnavailable, "storing a push failed", err)
			return
		}
	}
	d.metrics.pushes.WithLabelValues(result).Inc()
	d.log.Debug("push", "stage", "discover", "topic", sub.Topic, "result", result, "bytes", len(body))
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "3600")
	}
	w.WriteHeader(status)
}

// passOn publishes a push as a response, if its endpoint is polled.
func (d *Discoverer) passOn(r *http.Request, body []byte, sub sources.Subscription) (string, int, error) {
	ctx, cancel := context.WithTimeout(r.Context(), callbackTimeout/2)
	defer cancel()
	err := d.publishPush(ctx, r.Header.Get("Content-Type"), body, sub)
	switch {
	case errors.Is(err, sources.ErrNotFound), errors.Is(err, errPaused):
		return pushUnwanted, http.StatusAccepted, nil
	case errors.Is(err, ledger.ErrTooLarge):
		return pushTooLarge, http.StatusRequestEntityTooLarge, nil
	}
	return pushTaken, http.StatusAccepted, err
}

// The results of pushes.
const (
	pushTaken      = "taken"
	pushRepeated   = "repeated"
	pushForged     = "forged"
	pushOtherTopic = "other_topic"
	pushTooLarge   = "too_large"
	pushTooMany    = "too_many"
	pushUnwanted   = "unwanted"
	pushUnknown    = "unknown"
)

// judgePush decides whether a push is passed on, and the status of the answer.
func judgePush(header http.Header, body []byte, sub sources.Subscription, now time.Time) (result string, status int) {
	digest := sha256.Sum256(body)
	_, self := hub.Links(sub.Topic, header.Values("Link"))
	switch {
	case sub.State == sources.SubscriptionLeaving:
		return pushUnwanted, http.StatusGone
	case !hub.Verify(header.Get("X-Hub-Signature"), sub.Secret, body):
		return pushForged, http.StatusAccepted
	case self != "" && self != sub.Topic:
		return pushOtherTopic, http.StatusAccepted
	case bytes.Equal(digest[:], sub.Digest):
		return pushRepeated, http.StatusAccepted
	case sub.Budget.Used(now) >= maxPushesPerDay:
		return pushTooMany, http.StatusTooManyRequests
	}
	return pushTaken, http.StatusAccepted
}

// errPaused means that a push is for a source that is paused.
var errPaused = errors.New("the source is paused")

// publishPush publishes a push as a response, and counts it. A push that the hub sends again
// because this fails in between has the same message id.
func (d *Discoverer) publishPush(ctx context.Context, contentType string, body []byte, sub sources.Subscription) error {
	e, err := d.sources.Endpoint(ctx, sub.EndpointID)
	if err != nil {
		return err
	}
	source, err := d.sources.Get(ctx, e.SourceID)
	if err != nil {
		return err
	}
	if source.State != sources.Active {
		return errPaused
	}
	url, err := weburl.Parse(e.URL)
	if err != nil {
		return err
	}
	now, digest := d.now(), sha256.Sum256(body)
	page := &datelinev1.Page{
		Id: pushID(e.ID, now),
		Request: &datelinev1.FetchRequest{
			Url: e.URL, RequestId: pushID(e.ID, now), Priority: datelinev1.Priority_PRIORITY_FRESH,
			RequestTime: timestamppb.New(now), Purpose: e.Purpose,
		},
		RequestedUrl: e.URL, FinalUrl: e.URL, Status: http.StatusOK, Body: body, FetchTime: timestamppb.New(now),
		Headers: []*datelinev1.Header{{Name: "content-type", Value: contentType}},
	}
	id := fmt.Sprintf("discover:push:%s:%x", sub.Token[:16], digest[:16])
	msg, err := ledger.Message(subject.Listings(e.Purpose, url.SubjectHost()), id, page)
	if err != nil {
		return err
	}
	if err := d.writer.Publish(ctx, msg); err != nil {
		return err
	}
	return d.sources.Pushed(ctx, sub.Token, digest[:], now)
}

// pushPrefix starts the ids of pushes.
const pushPrefix = "push."

// pushID returns the id of a push, in the place of the id of a request for the endpoint.
func pushID(endpoint string, now time.Time) string {
	return fmt.Sprintf("%s%s.p%s", pushPrefix, endpoint, strconv.FormatInt(now.UnixMicro(), 36))
}

// parsePushID returns the endpoint of a push.
func parsePushID(id string) (endpoint string, ok bool) {
	rest, ok := strings.CutPrefix(id, pushPrefix)
	endpoint, _, found := strings.Cut(rest, ".p")
	return endpoint, ok && found
}

// announcedOf returns the hub and the topic that a response announces. Headers come before the
// text of the feed, as WebSub demands.
func announcedOf(page *datelinev1.Page, hubInText, selfInText string) *hub.Announced {
	var links []string
	for _, h := range page.GetHeaders() {
		if h.GetName() == "link" {
			links = append(links, h.GetValue())
		}
	}
	announced, self := hub.Links(page.GetFinalUrl(), links)
	at := hub.Choose(page.GetFinalUrl(), cmp.Or(announced, hubInText), cmp.Or(self, selfInText))
	return &at
}

// subscribes reports whether a hub may push what an endpoint lists.
func (d *Discoverer) subscribes(e sources.Endpoint) bool {
	return d.config.CallbackURL != "" && e.Purpose == datelinev1.Purpose_PURPOSE_FEED
}

// announced returns what a judgement has to store about the hub of an endpoint, or nil.
func (d *Discoverer) announced(made judgement) *sources.Announcement {
	if made.announced == nil || !d.subscribes(made.endpoint) {
		return nil
	}
	return &sources.Announcement{Announced: *made.announced, Missed: len(made.delays) > 0}
}
