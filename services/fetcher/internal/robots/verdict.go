package robots

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// How long a verdict is good for.
const (
	// Lifetime of an answer: RFC 9309, section 2.4 forbids more than a day
	// while the site can be reached.
	Lifetime = 24 * time.Hour
	// Recheck is the first pause after no answer; it doubles with each
	// failure up to MaxRecheck. A Retry-After is clamped between the two.
	Recheck    = 5 * time.Minute
	MaxRecheck = time.Hour
	// MaxStale is how long the last rules outlive a site that cannot be
	// reached, from the last answer: section 2.3.1.4 speaks of 30 days.
	MaxStale = 30 * 24 * time.Hour
)

// Access says what decides about a site's URLs.
type Access uint8

const (
	// ByRules: the rules in Body decide.
	ByRules Access = iota + 1
	// AllowAll: the site has no robots.txt (section 2.3.1.3).
	AllowAll
	// DisallowAll: the robots.txt cannot be reached, and no rules of before
	// are known (section 2.3.1.4).
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

// Fetch is how a request for robots.txt ended, after its redirects. Follow at
// least five of them, to other hosts too; the rules are the first host's
// (section 2.3.1.2).
type Fetch struct {
	// Status is the HTTP status code, 0 if no answer came: a network error,
	// a timeout, or an answer that is not HTTP. A 3xx means that the
	// redirects led nowhere or were too many.
	Status int
	// Body is the decoded body of a 2xx. What is beyond MaxSize is cut.
	Body []byte
	// RetryAfter is the Retry-After header of a 429 or a 5xx, 0 if it had
	// none.
	RetryAfter time.Duration
	// Time is when the answer came, or failed to.
	Time time.Time
}

// Verdict is what is known of a site's robots.txt: small enough for a KV entry
// of 512 KiB (its encoding is at most MaxSize + 64 bytes).
type Verdict struct {
	Access Access
	// Status of the latest fetch, 0 if no answer came.
	Status int
	// FetchedAt is when the last answer came: not that of a failure that
	// left older rules in force. Zero if there was none.
	FetchedAt time.Time
	// Expires is when to fetch again. Until that has an answer, the verdict
	// holds.
	Expires time.Time
	// Failures counts the fetches without an answer since FetchedAt.
	Failures int
	// Body is the robots.txt for ByRules, at most MaxSize bytes, else nil.
	Body []byte
}

// Judge turns a fetch into a verdict by RFC 9309, section 2.3.1. The site's
// previous verdict, nil if there is none, lends its rules where the site
// cannot be reached, for at most MaxStale.
func Judge(fetch Fetch, previous *Verdict) Verdict {
	switch {
	case fetch.Status >= 200 && fetch.Status < 300:
		return Verdict{
			Access: ByRules, Status: fetch.Status, FetchedAt: fetch.Time, Expires: fetch.Time.Add(Lifetime),
			Body: bytes.Clone(cut(fetch.Body)),
		}
	case fetch.Status >= 300 && fetch.Status < 500 && fetch.Status != 429:
		// Section 2.3.1.2 counts endless redirects as "unavailable" too.
		return Verdict{Access: AllowAll, Status: fetch.Status, FetchedAt: fetch.Time, Expires: fetch.Time.Add(Lifetime)}
	}
	return unreachable(fetch, previous)
}

// unreachable judges 429, 5xx, what is no final status at all, and no answer.
// The RFC has 429 among the 4xx that allow everything; a site that asks for
// fewer requests is taken at its word instead, as Google does.
func unreachable(fetch Fetch, previous *Verdict) Verdict {
	v := Verdict{Access: DisallowAll, Status: fetch.Status, Failures: 1}
	if previous != nil {
		v.Failures = previous.Failures + 1
		v.FetchedAt = previous.FetchedAt
		if previous.Access != DisallowAll && fetch.Time.Sub(previous.FetchedAt) < MaxStale {
			v.Access, v.Body = previous.Access, previous.Body
		}
	}
	pause := min(Recheck<<min(v.Failures-1, 8), MaxRecheck)
	if fetch.RetryAfter > 0 {
		pause = min(max(fetch.RetryAfter, Recheck), MaxRecheck)
	}
	v.Expires = fetch.Time.Add(pause)
	return v
}

// Rules returns the rules to apply. Parsing them is the costly part: keep them
// as long as the verdict.
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

// encodingVersion is the first byte of an encoded verdict.
const encodingVersion = 1

// MarshalBinary encodes the verdict: a version, the access, then as varints
// the status, the failures and the two times in Unix milliseconds (0 for the
// zero time), then the body.
func (v Verdict) MarshalBinary() ([]byte, error) {
	if len(v.Body) > MaxSize {
		return nil, fmt.Errorf("encoding a robots.txt verdict: its body has %d bytes, the limit is %d", len(v.Body), MaxSize)
	}
	data := make([]byte, 0, len(v.Body)+64)
	data = append(data, encodingVersion, byte(v.Access))
	data = binary.AppendVarint(data, int64(v.Status))
	data = binary.AppendVarint(data, int64(v.Failures))
	data = binary.AppendVarint(data, milliseconds(v.FetchedAt))
	data = binary.AppendVarint(data, milliseconds(v.Expires))
	return append(data, v.Body...), nil
}

// UnmarshalBinary decodes what MarshalBinary wrote. An error means that the
// entry is damaged or of a newer version: fetch robots.txt anew.
func (v *Verdict) UnmarshalBinary(data []byte) error {
	if len(data) < 2 {
		return errors.New("decoding a robots.txt verdict: it is cut short")
	}
	if data[0] != encodingVersion {
		return fmt.Errorf("decoding a robots.txt verdict: its version is %d, known is %d", data[0], encodingVersion)
	}
	access := Access(data[1])
	if access < ByRules || access > DisallowAll {
		return fmt.Errorf("decoding a robots.txt verdict: it has the unknown %s", access)
	}
	data = data[2:]
	var numbers [4]int64
	for i := range numbers {
		n, size := binary.Varint(data)
		if size <= 0 {
			return errors.New("decoding a robots.txt verdict: it is cut short")
		}
		numbers[i], data = n, data[size:]
	}
	if len(data) > MaxSize {
		return fmt.Errorf("decoding a robots.txt verdict: its body has %d bytes, the limit is %d", len(data), MaxSize)
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
