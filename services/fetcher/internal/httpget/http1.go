package httpget

import (
	"strings"
	"sync"
	"time"
)

const (
	// http1For is how long a site gets HTTP/1.1 after it has required it.
	http1For = time.Hour
	// maxHTTP1Sites bounds the sites that are remembered.
	maxHTTP1Sites = 10_000
)

// http1Sites remembers the sites that require HTTP/1.1, although they offer HTTP/2
// (RFC 9113, section 7). The zero value is ready. It is safe for concurrent use.
type http1Sites struct {
	mu    sync.Mutex
	until map[string]time.Time // by connectionKey
}

// add remembers a site.
func (s *http1Sites) add(key string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[string]time.Time{}
	}
	if len(s.until) >= maxHTTP1Sites {
		for arbitrary := range s.until {
			delete(s.until, arbitrary)
			break
		}
	}
	s.until[key] = now.Add(http1For)
}

// protocols returns the protocols to offer to a site, the preferred one first.
func (s *http1Sites) protocols(key string, now time.Time) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, known := s.until[key]
	switch {
	case known && now.Before(until):
		return []string{"http/1.1"}
	case known:
		delete(s.until, key)
	}
	return []string{"h2", "http/1.1"}
}

// requiresHTTP1 reports whether an HTTP/2 server asks for HTTP/1.1.
func requiresHTTP1(err error) bool { return strings.Contains(err.Error(), http1RequiredText) }

const http1RequiredText = "HTTP_1_1_REQUIRED"
