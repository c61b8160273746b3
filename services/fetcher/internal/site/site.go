// Package site keeps the state of each site: the rules of its robots.txt, until
// when it must not be requested, and how often it has failed. The state survives
// restarts.
package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
)

// maxSites is the maximum number of sites in memory; the bucket holds the others.
const maxSites = 20_000

// Site is the state of one scheme and host.
type Site struct {
	Rules   *robots.Rules
	Verdict robots.Verdict
	// Until is when the site may be requested again, if it fails or must rest
	// for longer than the usual pause; zero otherwise.
	Until time.Time
	// Failures is the number of requests that failed in a row, and FailingSince
	// the time of the first of them. Both are zero if the last one succeeded.
	Failures     int
	FailingSince time.Time
}

// record is a Site as it is stored in the bucket.
type record struct {
	Robots       []byte    `json:"robots,omitempty"`
	Until        time.Time `json:"until,omitzero"`
	Failures     int       `json:"failures,omitempty"`
	FailingSince time.Time `json:"failing_since,omitzero"`
}

// Sites is a cache of the bucket. It must not be used for one site by several
// goroutines at the same time.
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

// Get returns the state of a URL's site. If its robots.txt is not known, or the
// verdict about it has expired, Rules is nil and FetchRobots must be called.
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
		return nil, fmt.Errorf("reading the state of %s: %w", url.Host(), err)
	}
	var stored record
	var site Site
	// State that cannot be decoded counts as unknown, and is fetched again.
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
		for other := range s.known { // any of them: the bucket still has it
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
		return fmt.Errorf("encoding the state of %s: %w", url.Host(), err)
	}
	if _, err := s.kv.Put(ctx, key(url), data); err != nil {
		return fmt.Errorf("storing the state of %s: %w", url.Host(), err)
	}
	return nil
}

// Rest stores that a site must not be requested before a time. A short rest need
// not be stored: the next owner of the site begins with a pause anyway.
func (s *Sites) Rest(ctx context.Context, url weburl.URL, until time.Time) error {
	site, err := s.Get(ctx, url)
	if err != nil {
		return err
	}
	changed := *site
	changed.Until = until
	return s.save(ctx, url, &changed)
}
