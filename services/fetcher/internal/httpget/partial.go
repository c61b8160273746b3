package httpget

import (
	"errors"
	"io"
)

// partialBody is a body that may end early: before its Content-Length, or without a
// last chunk. The recipient may keep such a response if it records that it is
// incomplete (RFC 9112, section 8).
type partialBody struct {
	io.ReadCloser
	started    bool
	endedEarly bool
}

// Read ends the body where the connection ends, unless no byte has arrived.
func (b *partialBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.started = b.started || n > 0
	if b.started && errors.Is(err, io.ErrUnexpectedEOF) {
		b.endedEarly = true
		err = io.EOF
	}
	return n, err
}
