package discoverer

import (
	"bytes"
	"context"
	"slices"
	"sync"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// credited is what the process remembers of a source: which endpoint gets the credit for its
// last articles. ids are the endpoints by the numbers that they have in credits.
type credited struct {
	ids     []string
	credits schedule.Credits
}

// peers are the endpoints that share the articles and the budget of a source.
type peers struct {
	credited
	// states are the schedules by number. stored has those that the store has, and no
	// element for an endpoint that is not active.
	states []*schedule.State
	stored map[string][]byte
	active []sources.Endpoint
}

// newPeers returns the endpoints of a source. It copies what it takes from known.
func newPeers(known credited, active []sources.Endpoint) *peers {
	active = slices.DeleteFunc(slices.Clone(active), func(e sources.Endpoint) bool {
		return e.Purpose == datelinev1.Purpose_PURPOSE_ROBOTS
	})
	p := &peers{stored: make(map[string][]byte, len(active)), active: active}
	isRetired := func(id string) bool {
		return !slices.ContainsFunc(active, func(e sources.Endpoint) bool { return e.ID == id })
	}
	// The number of an endpoint is not given to another: begin again if retired ones have
	// numbers that active ones could have.
	if len(known.ids) < schedule.MaxEndpoints || !slices.ContainsFunc(known.ids, isRetired) {
		p.credited = credited{slices.Clone(known.ids), known.credits.Clone()}
	}
	p.states = make([]*schedule.State, len(p.ids))
	for i := range p.states {
		p.states[i] = &schedule.State{}
	}
	for _, e := range active {
		p.states[p.join(e)] = stateOf(e)
		p.stored[e.ID] = e.Schedule
	}
	return p
}

// stateOf returns the schedule of an endpoint. One that is damaged or of another version
// learns again.
func stateOf(e sources.Endpoint) *schedule.State {
	state := &schedule.State{}
	if state.UnmarshalBinary(e.Schedule) != nil {
		return &schedule.State{}
	}
	return state
}

// join returns the number of an endpoint.
func (p *peers) join(e sources.Endpoint) int {
	i := slices.Index(p.ids, e.ID)
	if i < 0 {
		i = len(p.ids)
		p.ids, p.states = append(p.ids, e.ID), append(p.states, stateOf(e))
	}
	return i
}

// hasOther reports whether another endpoint of the purpose of e is active at an address.
func (p *peers) hasOther(e sources.Endpoint, url string) bool {
	return slices.ContainsFunc(p.active, func(other sources.Endpoint) bool {
		return other.ID != e.ID && other.Purpose == e.Purpose && other.URL == url
	})
}

// list credits the endpoint with a number with the articles that it lists for the first
// time, and notes them as new or late.
func (p *peers) list(self int, fresh []newArticle, seen *schedule.Observation) {
	for _, a := range fresh {
		published := publishedAt(a.item)
		isNew, since := p.credits.List(p.states, self, hashOf(a.url), published, seen.At)
		switch {
		case isNew:
			seen.New = append(seen.New, published)
		case !published.IsZero():
			seen.Late = append(seen.Late, published)
		case !since.IsZero():
			seen.Late = append(seen.Late, since)
		}
	}
}

// polled returns the schedules of the active endpoints and of the one with a number.
func (p *peers) polled(self int) []*schedule.State {
	var all []*schedule.State
	for i, id := range p.ids {
		if _, active := p.stored[id]; active || i == self {
			all = append(all, p.states[i])
		}
	}
	return all
}

// saveOthers stores the schedules of the endpoints other than self that have gained or lost
// credits.
func (d *Discoverer) saveOthers(ctx context.Context, p *peers, self string) error {
	for i, id := range p.ids {
		before, active := p.stored[id]
		after, err := p.states[i].MarshalBinary()
		if !active || id == self || len(before) == 0 || err != nil || bytes.Equal(before, after) {
			continue
		}
		if err := d.sources.Reschedule(ctx, id, before, after); err != nil {
			return err
		}
	}
	return nil
}

const (
	// maxCredited is the number of sources in each of the two generations of what the
	// process remembers. A source takes at most about 2 kB.
	maxCredited = 100_000
	// maxSent is the number of published articles in each generation.
	maxSent = 500_000
)

// generations is a map that forgets the oldest elements: those that were not put since it
// last had size elements.
type generations[K comparable, V any] struct {
	size        int
	mu          sync.Mutex
	young, aged map[K]V
}

func (g *generations[K, V]) get(key K) V {
	g.mu.Lock()
	defer g.mu.Unlock()
	if value, ok := g.young[key]; ok {
		return value
	}
	return g.aged[key]
}

func (g *generations[K, V]) put(key K, value V) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.young == nil || len(g.young) >= g.size {
		g.young, g.aged = make(map[K]V), g.young
	}
	g.young[key] = value
}
