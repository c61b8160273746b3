package httpget

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"
)

// wire is the connection below HTTP/1. It observes whether a request was sent, and
// repairs the heads of responses.
type wire struct {
	net.Conn
	limit int // of a head, in bytes
	sent  atomic.Bool
	// expecting reports whether a response is due of which no byte has arrived.
	expecting atomic.Bool

	// One goroutine at a time reads.
	inHead bool
	held   []byte // the beginning of a head
	ready  []byte // what the next call of Read returns
	failed error  // what Read returns after ready

	capture wireCapture
}

// begin starts the next request.
func (w *wire) begin() {
	w.sent.Store(false)
	w.capture.begin()
	w.expecting.Store(true)
}

// Write sends a part of a request.
func (w *wire) Write(p []byte) (int, error) {
	w.capture.sent(p)
	n, err := w.Conn.Write(p)
	if n > 0 {
		w.sent.Store(true)
	}
	return n, err
}

// Read reads a part of a response. It holds a head back until that is complete.
func (w *wire) Read(p []byte) (int, error) {
	for len(w.ready) == 0 {
		if w.failed != nil {
			return 0, w.failed
		}
		n, err := w.Conn.Read(p)
		if n > 0 && w.expecting.Swap(false) {
			w.inHead = true
		}
		if !w.inHead || len(w.held) == 0 && w.isClean(p[:n]) {
			return n, err
		}
		w.ready = w.process(p[:n])
		if w.failed = err; err != nil && len(w.held) > 0 && errors.Is(err, io.EOF) {
			w.failed = io.ErrUnexpectedEOF
		}
	}
	n := copy(p, w.ready)
	w.ready = w.ready[n:]
	return n, nil
}

// isClean reports whether data begins with the complete head of a final response that
// needs no repair. It then ends the head.
func (w *wire) isClean(data []byte) bool {
	length, state := findHead(data, 0)
	clean := state == headComplete && !isInterim(data[:length]) && !needsRepair(data[:length])
	w.inHead = !clean
	if clean {
		w.capture.received(data[:length])
	}
	return clean
}

// process adds data to the head, and returns the bytes that need not be held back.
func (w *wire) process(data []byte) (out []byte) {
	// The end of the head may begin in the last bytes that were held.
	from := max(0, len(w.held)-len("\n\r"))
	w.held = append(w.held, data...)
	rest := w.held
	w.held = nil
	for w.inHead {
		length, state := findHead(rest, from)
		switch state {
		case headIncomplete:
			if len(rest) < w.limit {
				w.held = rest
				return out
			}
			w.inHead = false // net/http refuses the head as too large
		case headForeign:
			w.inHead = false
		case headComplete:
			head := rest[:length]
			if w.inHead = isInterim(head); !w.inHead {
				w.capture.received(head)
			}
			if needsRepair(head) {
				head = repairHead(head)
			}
			out = append(out, head...)
			rest, from = rest[length:], 0
		}
	}
	return slices.Concat(out, rest)
}
