package main

import (
	"sync"
	"time"
)

// visitors checks the politeness of the web server's clients.
type visitors struct {
	mu     sync.Mutex
	hosts  map[string]*visits
	pages  map[string]int // number of requests
	totals report
}

// visits is the state of a host.
type visits struct {
	inFlight int
	ended    time.Time // when the last request ended
}

// report is the result of the check.
type report struct {
	// Twice counts the pages that were requested more than once.
	Twice int `json:"twice"`
	// Early counts the requests that came while another request to the same host
	// was in progress, or during the pause after it.
	Early int `json:"early"`
}

func newVisitors() *visitors {
	return &visitors{hosts: map[string]*visits{}, pages: map[string]int{}}
}

// begin records the start of a request.
func (v *visitors) begin(host, path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.hosts[host]
	if h == nil {
		h = &visits{}
		v.hosts[host] = h
	}
	if h.inFlight > 0 || time.Since(h.ended) < fairDelay {
		v.totals.Early++
	}
	h.inFlight++
	if path != robotsPath {
		if v.pages[host+path]++; v.pages[host+path] == 2 {
			v.totals.Twice++
		}
	}
}

// end records the end of a request.
func (v *visitors) end(host string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.hosts[host].inFlight--
	v.hosts[host].ended = time.Now()
}

func (v *visitors) report() report {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.totals
}
