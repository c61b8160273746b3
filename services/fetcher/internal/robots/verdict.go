package robots

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Times for which a verdict is valid.
const (
	// Lifetime is the validity of a response. RFC 9309, section 2.4, allows at
	// most a day unless the site is unreachable.
	Lifetime = 24 * time.Hour
	// Recheck is the pause after the first failed fetch. It doubles with each
	// further failure up to MaxRecheck. A Retry-After is clamped to the range
	// between the two.
	Recheck    = 5 * time.Minute
	MaxRecheck = time.Hour
	// MaxStale is how long the last known rules apply while a site is
	// unreachable, counted from the last response. Section 2.3.1.4 suggests 30
	// days.
	MaxStale = 30 * 24 * time.Hour
)

// maxHeader is an upper bound of the bytes that MarshalBinary puts before the body.
const maxHeader = 64

// maxDoublings limits how often Recheck is doubled, so that it cannot overflow. The
// result exceeds MaxRecheck by far.
const maxDoublings = 8

// Access tells how to decide whether a site's URLs may be fetched.
type Access uint8

const (
	// ByRules means that the rules in Verdict.Body decide.
	ByRules Access = iota + 1
	// AllowAll means that the site has no robots.txt (section 2.3.1.3).
	AllowAll
	// DisallowAll means that the robots.txt is unreachable and that no earlier
	// rules are known (section 2.3.1.4).
	DisallowAll
)

// String returns "rules", "allow all" or "disallow all".
func (a Access) String() string {
	switch a {
	case ByRules:
		return "rules"
	case AllowAll:
		return "allow all"
	case DisallowAll:
		return "disallow all"
	}
	return fmt.Sprintf("access %d", uint8(a))
}

// Fetch is the result of a request for robots.txt, after redirects. The caller must
// follow at least five redirects, including those to other hosts. The rules apply to
// the first host (section 2.3.1.2).
type Fetch struct {
	// Status is the HTTP status code. It is 0 if there was no response: a
	// network error, a timeout, or a response that is not HTTP. A 3xx means
	// that a redirect could not be followed or that there were too many.
	Status int
	// Body is the decoded body of a 2xx. Judge cuts it to MaxSize.
	Body []byte
	// RetryAfter is the Retry-After header of a 429 or a 5xx, 0 if there was
	// none.
	RetryAfter time.Duration
	// Time is when the response arrived or the request failed.
	Time time.Time
}

// Verdict is what is known about a site's robots.txt. It fits into a KV entry of 512
// KiB: its encoding has at most MaxSize + 64 bytes.
type Verdict struct {
	Access Access
	// Status of the latest fetch, 0 if there was no response.
	Status int
	// FetchedAt is when the last response arrived. A failed fetch that leaves
	// older rules in force does not change it. Zero if there was no response
	// yet.
	FetchedAt time.Time
	// Expires is when to fetch again. The verdict applies until that fetch
	// ends.
	Expires time.Time
	// Failures counts the failed fetches since FetchedAt.
	Failures int
	// Body is the robots.txt, at most MaxSize bytes, if Access is ByRules. nil
	// otherwise.
	Body []byte
}

// Judge returns the verdict that follows from a fetch according to RFC 9309, section
// 2.3.1. If the site is unreachable, the rules of the previous verdict remain in
// force for at most MaxStale. previous is nil if there is none.
func Judge(fetch Fetch, previous *Verdict) Verdict {
	switch {
	case fetch.Status >= 200 && fetch.Status < 300:
		return Verdict{
			Access: ByRules, Status: fetch.Status, Body: bytes.Clone(cut(fetch.Body)),
			FetchedAt: fetch.Time, Expires: fetch.Time.Add(Lifetime),
		}
	case fetch.Status >= 300 && fetch.Status < 500 && fetch.Status != http.StatusTooManyRequests:
		// Section 2.3.1.2 treats endless redirects like a missing file.
		return Verdict{
			Access: AllowAll, Status: fetch.Status, FetchedAt: fetch.Time, Expires: fetch.Time.Add(Lifetime),
		}
	}
	return unreachable(fetch, previous)
}

// unreachable judges a 429, a 5xx, an invalid status or a missing response. In the
// RFC, a 429 allows everything like any other 4xx. But such a site asks for fewer
// requests, so it is treated as unreachable, as Google does.
func unreachable(fetch Fetch, previous *Verdict) Verdict {
	v := Verdict{Access: DisallowAll, Status: fetch.Status, Failures: 1}
	if previous != nil {
		v.Failures = previous.Failures + 1
		v.FetchedAt = previous.FetchedAt
		if previous.Access != DisallowAll && fetch.Time.Sub(previous.FetchedAt) < MaxStale {
			v.Access, v.Body = previous.Access, previous.Body
		}
	}
	pause := min(Recheck<<min(v.Failures-1, maxDoublings), MaxRecheck)
	if fetch.RetryAfter > 0 {
		pause = min(max(fetch.RetryAfter, Recheck), MaxRecheck)
	}
	v.Expires = fetch.Time.Add(pause)
	return v
}

// Rules parses the rules to apply. Parsing is expensive: keep the result as long as
// the verdict.
func (v Verdict) Rules() *Rules {
	switch v.Access {
	case ByRules:
		return Parse(v.Body)
	case AllowAll:
		return &Rules{}
	default:
		return Parse([]byte("User-agent: *\nDisallow: /"))
	}
}

var errTruncated = errors.New("decoding robots.txt verdict: data is truncated")

// encodingVersion is the first byte of an encoded verdict.
const encodingVersion = 1

// MarshalBinary encodes the verdict: the version, the access, then as varints the
// status, the failures and the two times in Unix milliseconds (0 for the zero time),
// then the body.
func (v Verdict) MarshalBinary() ([]byte, error) {
	if len(v.Body) > MaxSize {
		return nil, fmt.Errorf("encoding robots.txt verdict: body of %d bytes exceeds the limit of %d",
			len(v.Body), MaxSize)
	}
	data := make([]byte, 0, len(v.Body)+maxHeader)
	data = append(data, encodingVersion, byte(v.Access))
	data = binary.AppendVarint(data, int64(v.Status))
	data = binary.AppendVarint(data, int64(v.Failures))
	data = binary.AppendVarint(data, milliseconds(v.FetchedAt))
	data = binary.AppendVarint(data, milliseconds(v.Expires))
	return append(data, v.Body...), nil
}

// UnmarshalBinary decodes the output of MarshalBinary. An error means that the data
// is damaged or of a newer version: fetch robots.txt again.
func (v *Verdict) UnmarshalBinary(data []byte) error {
	if len(data) < 2 {
		return errTruncated
	}
	if data[0] != encodingVersion {
		return fmt.Errorf("decoding robots.txt verdict: unsupported version %d, want %d", data[0], encodingVersion)
	}
	access := Access(data[1])
	if access < ByRules || access > DisallowAll {
		return fmt.Errorf("decoding robots.txt verdict: unknown %s", access)
	}
	data = data[2:]
	var numbers [4]int64
	for i := range numbers {
		n, size := binary.Varint(data)
		if size <= 0 {
			return errTruncated
		}
		numbers[i], data = n, data[size:]
	}
	if len(data) > MaxSize {
		return fmt.Errorf("decoding robots.txt verdict: body of %d bytes exceeds the limit of %d", len(data), MaxSize)
	}
	*v = Verdict{
		Access: access, Status: int(numbers[0]), Failures: int(numbers[1]),
		FetchedAt: fromMilliseconds(numbers[2]), Expires: fromMilliseconds(numbers[3]),
		Body: bytes.Clone(data),
	}
	return nil
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilliseconds(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
