package httpget

import (
	"container/list"
	"slices"
	"sync"
	"time"
)

// maxIdlePerSite is small because a site gets one request at a time.
const maxIdlePerSite = 2

// idleConnections keeps connections for later requests. It is safe for concurrent use.
type idleConnections struct {
	max int

	mu     sync.Mutex
	closed bool
	bySite map[string][]*connection // the latest is last
	oldest list.List                // of *connection, the oldest in front
}

// idleState is the state of a connection within idleConnections. Its mutex guards it.
type idleState struct {
	element *list.Element // nil while a request uses the connection
	timer   *time.Timer   // closes the connection; nil before it was idle
}

// take returns the connection to a site that was used last, or nil.
func (i *idleConnections) take(key string) *connection {
	for {
		c := i.pop(key)
		if c == nil || c.reusable() {
			return c
		}
		c.close() // the server has closed it
	}
}

func (i *idleConnections) pop(key string) *connection {
	i.mu.Lock()
	defer i.mu.Unlock()
	known := i.bySite[key]
	if len(known) == 0 {
		return nil
	}
	c := known[len(known)-1]
	i.remove(c)
	return c
}

// put keeps a connection for at most a time, or closes it.
func (i *idleConnections) put(c *connection, life time.Duration) {
	if surplus := i.add(c, life); surplus != nil {
		surplus.close()
	}
}

// add is put, except that it returns the connection that has to be closed.
func (i *idleConnections) add(c *connection, life time.Duration) (surplus *connection) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || life <= 0 || len(i.bySite[c.key]) >= maxIdlePerSite {
		return c
	}
	i.bySite[c.key] = append(i.bySite[c.key], c)
	c.idle.element = i.oldest.PushBack(c)
	if c.idle.timer == nil {
		c.idle.timer = time.AfterFunc(life, func() { i.expire(c) })
	} else {
		c.idle.timer.Reset(life)
	}
	if i.oldest.Len() <= i.max {
		return nil
	}
	surplus = i.oldest.Front().Value.(*connection)
	i.remove(surplus)
	return surplus
}

// remove removes an idle connection. The caller holds mu.
func (i *idleConnections) remove(c *connection) {
	c.idle.timer.Stop()
	i.oldest.Remove(c.idle.element)
	c.idle.element = nil
	known := slices.DeleteFunc(i.bySite[c.key], func(other *connection) bool { return other == c })
	if len(known) == 0 {
		delete(i.bySite, c.key)
		return
	}
	i.bySite[c.key] = known
}

// expire closes a connection that has been idle for too long.
func (i *idleConnections) expire(c *connection) {
	i.mu.Lock()
	idle := c.idle.element != nil
	if idle {
		i.remove(c)
	}
	i.mu.Unlock()
	if idle {
		c.close()
	}
}

// close closes the idle connections, and each of the others after its request.
func (i *idleConnections) close() {
	i.mu.Lock()
	i.closed = true
	var all []*connection
	for i.oldest.Len() > 0 {
		c := i.oldest.Front().Value.(*connection)
		i.remove(c)
		all = append(all, c)
	}
	i.mu.Unlock()
	for _, c := range all {
		c.close()
	}
}
