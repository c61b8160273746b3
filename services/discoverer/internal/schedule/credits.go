package schedule

import (
	"slices"
	"time"
)

// Credits decides which endpoint of a source gets the credit for an article that several
// list. Otherwise, two endpoints with the same articles would be polled equally often.
// The credit goes to the endpoint that found the article first, and moves to one that
// lists more of the source's articles if that one finds it on time as well.
//
// It remembers the last MaxCredits articles of a source. The zero value is empty.
type Credits struct {
	ring []credit
	next int
}

type credit struct {
	key   uint32
	at    uint32 // Unix seconds of the discovery
	owner uint8
	seen  uint32 // the endpoints that listed the article, as bits
}

const (
	// MaxCredits is the number of articles that Credits remembers. It takes 16 bytes each.
	MaxCredits = 128
	// MaxEndpoints is the number of endpoints that share credits. Later ones get none.
	MaxEndpoints = 32
	// onTime is the delay from its publication at which an article is found on time, and
	// creditDelay the delay from its discovery if its publication is unknown.
	onTime, creditDelay = 15 * time.Minute, 8 * time.Minute
	// outranks is by how much the better endpoint must list more.
	outranks = 1.1
)

// Clone returns a copy that shares nothing with c.
func (c *Credits) Clone() Credits {
	return Credits{ring: slices.Clone(c.ring), next: c.next}
}

// List notes that endpoint number i lists the article with this key, a hash of its
// canonical URL, at a poll at now. It reports whether the article is new to the source. If
// not, since is when the source found it, for Observation.Late, or zero if that is not
// known. states are the endpoints of the source. published is the article's date, or the
// zero time.
func (c *Credits) List(states []*State, i int, key uint64, published, now time.Time) (isNew bool, since time.Time) {
	if i >= MaxEndpoints {
		return false, time.Time{}
	}
	dated := !published.IsZero() && !published.After(now) && now.Sub(published) <= 24*time.Hour
	if !dated {
		published = now
	}
	short := uint32(key ^ key>>32)
	for j := range c.ring {
		e := &c.ring[j]
		if e.key != short {
			continue
		}
		if e.seen&(1<<i) == 0 {
			e.seen |= 1 << i
			states[i].seen++
			if now.Unix()-int64(e.at) <= int64(creditDelay/time.Second) || dated && now.Sub(published) <= onTime {
				c.move(e, states, i, published)
			}
		}
		return false, time.Unix(int64(e.at), 0).UTC()
	}
	if c.forgotten(states[i], published, dated) {
		return false, time.Time{}
	}
	e := credit{key: short, at: uint32(now.Unix()), owner: uint8(i), seen: 1 << i}
	states[i].seen++
	if len(c.ring) < MaxCredits {
		c.ring = append(c.ring, e)
	} else {
		c.ring[c.next] = e
		c.next = (c.next + 1) % MaxCredits
	}
	return true, now
}

// forgotten reports whether an article that is not remembered may have been found before the
// oldest one that is: it was published earlier, or its date is not known and the endpoint was
// last polled earlier. Otherwise, an endpoint that is polled rarely and lists many articles
// would get the credit for those that were found long ago.
func (c *Credits) forgotten(s *State, published time.Time, dated bool) bool {
	if len(c.ring) < MaxCredits {
		return false
	}
	oldest := int64(c.ring[c.next].at)
	if dated {
		return published.Unix() < oldest
	}
	return s.last < oldest
}

// move gives the credit to endpoint i if it lists more of the source's articles than the
// owner, or as many and comes first in the list of endpoints.
func (c *Credits) move(e *credit, states []*State, i int, published time.Time) {
	owner := int(e.owner)
	if owner >= len(states) {
		return
	}
	mine, theirs := states[i].seen/float32(states[i].cost()), states[owner].seen/float32(states[owner].cost())
	if mine <= theirs*outranks && (mine*outranks < theirs || i >= owner) {
		return
	}
	states[owner].Discredit(published)
	states[i].Credit(published)
	e.owner = uint8(i)
}
