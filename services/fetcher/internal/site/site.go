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

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
)

// maxSites is the maximum number of sites, and of hosts, in memory; the bucket holds
// the others.
const maxSites = 20_000

// Site is the state of one scheme and host.
type Site struct {
	Rules   *robots.Rules
	Verdict robots.Verdict
	// Until is when the site may be requested again if its circuit breaker is open;
	// zero otherwise.
	Until time.Time
	// Failures is the number of requests that failed in a row, and FailingSince
	// the time of the first of them. Both are zero if the last one succeeded.
	Failures     int
	FailingSince time.Time

	loaded time.Time // from the bucket
}

// Sites is a cache of the bucket. It must not be used for one site by several
// goroutines at the same time.
type Sites struct {
	kv      jetstream.KeyValue
	client  *httpget.Client
	maxRest time.Duration
	now     func() time.Time

	mu    sync.Mutex
	known map[string]*Site
}

// Open opens the bucket. maxRest is the maximum rest of a failing site.
func Open(
	ctx context.Context, js jetstream.JetStream, client *httpget.Client, maxRest time.Duration, now func() time.Time,
) (*Sites, error) {
	kv, err := js.KeyValue(ctx, subject.BucketHosts)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketHosts, err)
	}
	return &Sites{kv: kv, client: client, maxRest: maxRest, now: now, known: map[string]*Site{}}, nil
}

func key(url weburl.URL) string { return hosts.SiteKey(url.Scheme(), url.SubjectHost()) }

// Get returns the state of a URL's site. It reads the state again if it was read
// before this replica took the site's partition, because another owner may have
// changed it. If the site's robots.txt is not known, or the verdict about it has
// expired, Rules is nil and FetchRobots must be called.
func (s *Sites) Get(ctx context.Context, url weburl.URL, taken time.Time) (*Site, error) {
	s.mu.Lock()
	site := s.known[key(url)]
	s.mu.Unlock()
	if site == nil || site.loaded.Before(taken) {
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
	site := Site{loaded: s.now()}
	entry, err := s.kv.Get(ctx, key(url))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return &site, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s: %w", url.Host(), err)
	}
	var stored hosts.Site
	// State that cannot be decoded counts as unknown, and is fetched again.
	if json.Unmarshal(entry.Value(), &stored) == nil {
		site.Until = notAfter(stored.Until, site.loaded, s.maxRest)
		site.Failures, site.FailingSince = stored.Failures, notAfter(stored.FailingSince, site.loaded, 0)
		if site.Verdict.UnmarshalBinary(stored.Robots) == nil {
			site.Verdict = notLongerThanAllowed(site.Verdict, site.loaded)
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
	makeRoom(s.known)
	s.known[key(url)] = site
}

// makeRoom removes any entry of a full cache. The bucket still has it.
func makeRoom[V any](cache map[string]V) {
	if len(cache) < maxSites {
		return
	}
	for key := range cache {
		delete(cache, key)
		return
	}
}

func (s *Sites) save(ctx context.Context, url weburl.URL, site *Site) error {
	s.remember(url, site)
	stored := hosts.Site{Until: site.Until, Failures: site.Failures, FailingSince: site.FailingSince}
	var err error
	if site.Verdict.Access != 0 {
		if stored.Robots, err = site.Verdict.MarshalBinary(); err != nil {
			return err
		}
		stored.Verdict = &hosts.Robots{
			Access: site.Verdict.Access.String(), Status: site.Verdict.Status, Fetched: site.Verdict.FetchedAt,
			Expires: site.Verdict.Expires, Failures: site.Verdict.Failures,
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
