// Package hosts describes what the fetchers store about hosts in the bucket
// subject.BucketHosts, for code that explains why a URL waits, and the rules for sites that
// the extractors follow. A value is JSON.
package hosts

import "time"

// Site is what is stored about the sites of one scheme and host.
type Site struct {
	// Robots is the verdict about robots.txt, in the fetcher's own form.
	Robots []byte `json:"robots,omitempty"`
	// Verdict is what Robots means, for people. It is nil if no verdict is known.
	Verdict *Robots `json:"verdict,omitempty"`
	// Until is when the site may be requested again if its circuit breaker is open.
	Until time.Time `json:"until,omitzero"`
	// Failures is the number of requests that failed in a row, and FailingSince the time
	// of the first of them.
	Failures     int       `json:"failures,omitempty"`
	FailingSince time.Time `json:"failing_since,omitzero"`
}

// Robots is the verdict about a site's robots.txt.
type Robots struct {
	Access   string    `json:"access" enum:"rules,allow all,disallow all" doc:"How requests are decided: by the rules of robots.txt; allow all if the site has none; disallow all if it is unavailable and no earlier rules are known."`
	Status   int       `json:"status,omitempty" doc:"HTTP status of the last response. Absent if there was no response."`
	Fetched  time.Time `json:"fetched,omitzero" doc:"When robots.txt was received. Older rules remain in force while it is unavailable."`
	Expires  time.Time `json:"expires" doc:"When robots.txt is requested again, with the next request to the site."`
	Failures int       `json:"failures,omitempty" doc:"Number of failed requests for robots.txt since it was received."`
}

// SiteKey returns the key of a Site. The host is in the form of subjects.
func SiteKey(scheme, host string) string { return scheme + "." + host }

// Pause is what is stored about the pauses of a host, whatever the scheme.
type Pause struct {
	// Length is at least as long as the usual pause after a request.
	Length time.Duration `json:"length_ns,omitempty"`
	// Until is when the host may be requested again if it asked for a longer pause.
	Until time.Time `json:"until,omitzero"`
	// Stored is when the pause was stored.
	Stored time.Time `json:"stored"`
}

// PauseKey returns the key of a Pause. The host is in the form of subjects. It never
// equals the key of a Site, which starts with a scheme.
func PauseKey(host string) string { return "host." + host }

// Turn is what is stored about a host that waits for its turn among the hosts on its
// address.
type Turn struct {
	// Others is the number of other hosts that have the turn or wait for it.
	Others int `json:"others"`
	// Until is when the turn of the host is expected.
	Until time.Time `json:"until"`
}

// TurnKey returns the key of a Turn. The host is in the form of subjects. It equals no
// key of a Site or a Pause.
func TurnKey(host string) string { return "turn." + host }
