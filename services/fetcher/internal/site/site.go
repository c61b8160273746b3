// Package site keeps what the fetcher knows of each site: what its robots.txt
// says, and until when it wants to be left alone. It survives restarts.
package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
)

// maxSites bounds the sites in memory; the bucket holds the rest.
const maxSites = 20_000

// maxRobotsRedirects is how many redirects of a robots.txt are followed: RFC
// 9309, section 2.3.1.2 asks for at least five.
const maxRobotsRedirects = 5

// ErrNotOurs says that a request was not made because another replica may have
// taken the site over.
var ErrNotOurs = errors.New("the site is not this replica's to ask any more")

// Site is what is known of one scheme and host.
type Site struct {
	Rules   *robots.Rules
	Verdict robots.Verdict
	// Until is when the site may be asked again, where it has asked for more
	// patience than the usual pause, or fails; zero otherwise.
	Until time.Time
	// Failures is how many requests in a row have failed, and FailingSince
	// when the first of them did; zero where the last one did not.
	Failures     int
	FailingSince time.Time
}

// record is a Site in the bucket.
type record struct {
	Robots       []byte    `json:"robots,omitempty"`
	Until        time.Time `json:"until,omitzero"`
	Failures     int       `json:"failures,omitempty"`
	FailingSince time.Time `json:"failing_since,omitzero"`
}

// Sites is the cache over the bucket. Its owner asks for one host at a time.
type Sites struct {
	kv     jetstream.KeyValue
	client *httpget.Client
	now    func() time.Time

	mu    sync.Mutex
	known map[string]*Site
}

// Open opens the bucket.
func Open(ctx context.Context, js jetstream.JetStream, client *httpget.Client, now func() time.Time) (*Sites, error) {
	kv, err := js.KeyValue(ctx, subject.BucketHosts)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketHosts, err)
	}
	return &Sites{kv: kv, client: client, now: now, known: map[string]*Site{}}, nil
}

func key(url weburl.URL) string { return url.Scheme() + "." + url.SubjectHost() }

// Get returns what is known of a URL's site. Where nothing is known of its
// robots.txt or that has run out, Rules are nil and FetchRobots is due.
func (s *Sites) Get(ctx context.Context, url weburl.URL) (*Site, error) {
	s.mu.Lock()
	site := s.known[key(url)]
	s.mu.Unlock()
	if site == nil {
		var err error
		if site, err = s.load(ctx, url); err != nil {
			return nil, err
		}
		s.remember(url, site)
	}
	if !s.now().Before(site.Verdict.Expires) {
		expired := *site
		expired.Rules = nil
		return &expired, nil
	}
	return site, nil
}

func (s *Sites) load(ctx context.Context, url weburl.URL) (*Site, error) {
	entry, err := s.kv.Get(ctx, key(url))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return &Site{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is known of %s: %w", url.Host(), err)
	}
	var stored record
	var site Site
	// What cannot be read is as good as unknown: it is fetched anew.
	if json.Unmarshal(entry.Value(), &stored) == nil {
		site.Until, site.Failures, site.FailingSince = stored.Until, stored.Failures, stored.FailingSince
		if site.Verdict.UnmarshalBinary(stored.Robots) == nil {
			site.Rules = site.Verdict.Rules()
		} else {
			site.Verdict = robots.Verdict{}
		}
	}
	return &site, nil
}

func (s *Sites) remember(url weburl.URL, site *Site) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxSites {
		for other := range s.known { // any one: the bucket still has it
			delete(s.known, other)
			break
		}
	}
	s.known[key(url)] = site
}

func (s *Sites) save(ctx context.Context, url weburl.URL, site *Site) error {
	s.remember(url, site)
	stored := record{Until: site.Until, Failures: site.Failures, FailingSince: site.FailingSince}
	var err error
	if site.Verdict.Access != 0 {
		if stored.Robots, err = site.Verdict.MarshalBinary(); err != nil {
			return err
		}
	}
	data, err := json.Marshal(stored)
	if err != nil {
		return fmt.Errorf("encoding what is known of %s: %w", url.Host(), err)
	}
	if _, err := s.kv.Put(ctx, key(url), data); err != nil {
		return fmt.Errorf("storing what is known of %s: %w", url.Host(), err)
	}
	return nil
}

// Rest notes that a site wants to be left alone until a time. A short rest
// need not be noted: a restart begins with a pause of its own.
func (s *Sites) Rest(ctx context.Context, url weburl.URL, until time.Time) error {
	site, err := s.Get(ctx, url)
	if err != nil {
		return err
	}
	changed := *site
	changed.Until = until
	return s.save(ctx, url, &changed)
}

// Breaker says when a site that fails is left alone. After Failures in a row it
// rests, then has a single request as a probe, and rests twice as long each time
// that fails too.
type Breaker struct {
	// Failures in a row that open it; 0 for never.
	Failures int
	// Rest is how long the first rest is, and MaxRest the longest.
	Rest, MaxRest time.Duration
}

// Open says that a site has failed so often that it is left alone.
func (b Breaker) Open(site *Site) bool { return b.Failures > 0 && site.Failures >= b.Failures }

// Resting counts the sites that are left alone now because they fail, of those
// in memory.
func (s *Sites) Resting(breaker Breaker) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, now := 0, s.now()
	for _, site := range s.known {
		if breaker.Open(site) && now.Before(site.Until) {
			n++
		}
	}
	return n
}

// rest is how long a site rests after a number of failures in a row.
func (b Breaker) rest(failures int) time.Duration {
	if b.Failures == 0 || failures < b.Failures {
		return 0
	}
	return min(b.Rest<<min(failures-b.Failures, 20), b.MaxRest)
}

// Failed notes that a request to a site has failed, and returns how long it is to
// be left alone, 0 before the breaker opens, and since when it has failed. What
// opens the breaker outlives the process.
func (s *Sites) Failed(ctx context.Context, url weburl.URL, breaker Breaker) (rest time.Duration, since time.Time, err error) {
	site, err := s.Get(ctx, url)
	if err != nil {
		return 0, time.Time{}, err
	}
	changed := *site
	if changed.Failures++; changed.Failures == 1 {
		changed.FailingSince = s.now()
	}
	rest = breaker.rest(changed.Failures)
	if rest == 0 {
		s.remember(url, &changed)
		return 0, changed.FailingSince, nil
	}
	changed.Until = s.now().Add(rest)
	return rest, changed.FailingSince, s.save(ctx, url, &changed)
}

// Answered notes that a site works, and reports whether the breaker was open.
func (s *Sites) Answered(ctx context.Context, url weburl.URL, breaker Breaker) (closed bool, err error) {
	site, err := s.Get(ctx, url)
	if err != nil || site.Failures == 0 {
		return false, err
	}
	closed = breaker.Open(site)
	changed := *site
	changed.Failures, changed.FailingSince = 0, time.Time{}
	if !closed {
		s.remember(url, &changed)
		return false, nil
	}
	return true, s.save(ctx, url, &changed)
}

// FetchRobots asks the site for its robots.txt and stores the verdict; whatever
// the site answers is no error. A site that does not answer, and whose rules are
// not known from before, is an *httpget.Error, and nothing is stored of it.
// MayDial is asked before each request; where it says no, ErrNotOurs is returned.
func (s *Sites) FetchRobots(ctx context.Context, url weburl.URL, mayDial func() bool) error {
	known, err := s.Get(ctx, url)
	if err != nil {
		return err
	}
	var previous *robots.Verdict
	if known.Verdict.Access != 0 {
		previous = &known.Verdict
	}
	fetch, failure, err := s.askRobots(ctx, url.Origin()+"/robots.txt", mayDial)
	if err != nil {
		return err
	}
	verdict := robots.Judge(fetch, previous)
	if failure != nil && verdict.Access == robots.DisallowAll {
		return failure
	}
	changed := *known
	changed.Rules, changed.Verdict = verdict.Rules(), verdict
	return s.save(ctx, url, &changed)
}

// askRobots follows redirects and returns what there is to judge, with the
// failure where the site itself gave no answer; an error only where this process
// is ending.
func (s *Sites) askRobots(ctx context.Context, target string, mayDial func() bool) (fetch robots.Fetch, failure *httpget.Error, err error) {
	for hop := range maxRobotsRedirects + 1 {
		if !mayDial() {
			return robots.Fetch{}, nil, ErrNotOurs
		}
		response, err := s.client.Get(ctx, httpget.Request{URL: target, AnyType: true, MaxBodyBytes: robots.MaxSize + 1})
		if ctx.Err() != nil {
			return robots.Fetch{}, nil, ctx.Err()
		}
		if err != nil {
			if hop == 0 {
				failure, _ = errors.AsType[*httpget.Error](err)
			}
			return robots.Fetch{Time: s.now()}, failure, nil
		}
		if response.Status/100 != 3 {
			return s.answer(response), nil, nil
		}
		next, err := weburl.Parse(response.Location)
		if err != nil {
			return robots.Fetch{Status: response.Status, Time: s.now()}, nil, nil
		}
		target = next.String()
	}
	return robots.Fetch{Status: http.StatusFound, Time: s.now()}, nil, nil
}

func (s *Sites) answer(response *httpget.Response) robots.Fetch {
	fetch := robots.Fetch{Status: response.Status, RetryAfter: RetryAfter(response.Header, s.now()), Time: s.now()}
	if response.Status/100 == 2 {
		body, err := httpget.DecodePrefix(response.ContentEncoding, response.Body, robots.MaxSize+1)
		if err != nil && len(body) == 0 {
			return robots.Fetch{Time: s.now()} // no answer that can be read
		}
		fetch.Body = body
	}
	return fetch
}

// RetryAfter reads the header of that name, as seconds or as a date (RFC 9110,
// section 10.2.3); 0 where there is none that can be read.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(seconds, 365*24*3600))) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}
