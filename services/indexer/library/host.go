package library

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
)

const (
	// maxListed is the maximum number of queued URLs that Host returns, maxRead of those
	// that it reads to find the ones that are due first.
	maxListed = 50
	maxRead   = 500
)

// Host is what the fetchers know about a host, and what waits for it.
type Host struct {
	Host   string     `json:"host"`
	Queued int64      `json:"queued" doc:"Number of the host's URLs that wait to be fetched."`
	Queue  []Waiting  `json:"queue" doc:"Those of the oldest 500 that are due first, at most 50."`
	Pause  float64    `json:"pause_seconds,omitempty" doc:"Pause after each request in seconds, if the host has a longer one than usual."`
	Until  time.Time  `json:"paused_until,omitzero" doc:"When the pause ends that the host asked for. Absent if it did not."`
	Sites  []HostSite `json:"sites" doc:"State of the host's sites. Empty if nothing is known yet."`
}

// HostSite is the state of the sites of a host with one scheme.
type HostSite struct {
	Scheme       string        `json:"scheme" enum:"https,http"`
	Robots       *hosts.Robots `json:"robots,omitempty" doc:"Verdict about robots.txt. Absent if none is known."`
	Failures     int           `json:"failures" doc:"Number of requests that failed in a row."`
	FailingSince time.Time     `json:"failing_since,omitzero" doc:"When the first of them failed."`
	Until        time.Time     `json:"rests_until,omitzero" doc:"When requests are sent again. Only given if the circuit breaker is open."`
}

// ErrNoHost means that a text is not the name of a host.
var ErrNoHost = errors.New("give the name of a host, such as example.com")

// Host returns what is known about a host. It may have a port.
func (l *Library) Host(ctx context.Context, name string) (Host, error) {
	url, err := weburl.Parse("https://" + name + "/")
	if err != nil || url.String() != "https://"+url.Host()+"/" {
		return Host{}, fmt.Errorf("%.300q is not a host: %w", name, ErrNoHost)
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	h := Host{Host: url.Host(), Queue: []Waiting{}, Sites: []HostSite{}}
	if h.Queued, err = l.queued(ctx, h.Host); err != nil {
		return Host{}, err
	}
	entries, err := l.queueOf(ctx, url, maxRead)
	if err != nil {
		return Host{}, err
	}
	entries = entries[:min(maxListed, len(entries))]
	state, err := l.hostState(ctx, url)
	if err != nil {
		return Host{}, err
	}
	now := time.Now()
	for i, entry := range entries {
		one := entry.waiting(i, int(h.Queued), now)
		one.SharedBy = state.sharedBy(now)
		one.Why = one.explain(h.Host, state, now)
		h.Queue = append(h.Queue, one)
	}
	h.Pause = state.pause.Length.Seconds()
	if state.pause.Until.After(now) {
		h.Until = state.pause.Until
	}
	h.Sites, err = l.sitesOf(ctx, url, now)
	return h, err
}

// sitesOf reads the state of a host's sites.
func (l *Library) sitesOf(ctx context.Context, url weburl.URL, now time.Time) ([]HostSite, error) {
	bucket, err := l.js.KeyValue(ctx, subject.BucketHosts)
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", subject.BucketHosts, err)
	}
	sites := []HostSite{}
	for _, scheme := range []string{"https", "http"} {
		entry, err := bucket.Get(ctx, hosts.SiteKey(scheme, url.SubjectHost()))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the state of %s: %w", url.Host(), err)
		}
		var stored hosts.Site
		if json.Unmarshal(entry.Value(), &stored) != nil {
			continue // the fetcher replaces it with its next request
		}
		site := HostSite{
			Scheme: scheme, Robots: stored.Verdict, Failures: stored.Failures, FailingSince: stored.FailingSince,
		}
		if stored.Until.After(now) {
			site.Until = stored.Until
		}
		sites = append(sites, site)
	}
	return sites, nil
}
