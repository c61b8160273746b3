package httpget

import (
	"bytes"
	"io"
	"net/http"
)

const (
	// scratchSize holds most pages as they are sent, compressed.
	scratchSize = 64 << 10
	// lendSize is from when on a body is not copied out of the scratch space.
	lendSize = scratchSize / 8
	// otherBodyBytes is what is taken of an answer that is not a 2xx: enough
	// to tell a block page from an error page.
	otherBodyBytes = 64 << 10
)

// takeBody reads a body up to its limit. Of a 2xx that is not HTML it takes no
// more than is needed to see that, and returns a BadType. A body that fills much
// of the scratch space is lent with that; a small one is a copy.
func (c *Client) takeBody(x *exchange, incoming *http.Response, request Request) (body []byte, truncated bool, lent *[scratchSize]byte, err error) {
	limit := request.MaxBodyBytes
	var check typeCheck
	switch {
	case incoming.StatusCode/100 != 2:
		limit = min(limit, otherBodyBytes)
	case !request.AnyType && incoming.StatusCode != http.StatusNoContent && incoming.StatusCode != http.StatusResetContent:
		check, err = newTypeCheck(incoming.Header)
		if err != nil {
			return nil, false, nil, err
		}
	}
	scratch := c.scratch.Get().(*[scratchSize]byte)
	defer func() {
		if lent == nil {
			c.scratch.Put(scratch)
		}
	}()
	// One byte more than the limit shows that there is more.
	body = scratch[:0:min(scratchSize, limit+1)]
	x.waitForBody(c.config.IdleBodyTimeout)
	for {
		if len(body) == cap(body) {
			body = grow(body, limit+1, incoming.ContentLength)
		}
		n, err := incoming.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if n > 0 {
			x.waitForBody(c.config.IdleBodyTimeout)
		}
		if err != nil && err != io.EOF {
			return nil, false, nil, err
		}
		ended := err == io.EOF || int64(len(body)) > limit
		if check.pending && (ended || len(body) >= sniffLength) {
			if err := check.sniff(body); err != nil {
				return nil, false, nil, err
			}
		}
		if ended {
			truncated = int64(len(body)) > limit
			body = body[:min(int64(len(body)), limit)]
			break
		}
	}
	switch {
	case len(body) <= scratchSize && len(body) >= lendSize:
		return body, truncated, scratch, nil
	case len(body) <= scratchSize || cap(body) > 2*len(body):
		body = bytes.Clone(body)
	}
	return body, truncated, nil, nil
}

// grow moves a full buffer to one of four times the size, or of the announced
// size if that is less: never to the announced size at once, because a server
// may announce what it does not send.
func grow(body []byte, most, announced int64) []byte {
	size := min(4*int64(len(body)), most)
	if announced > int64(len(body)) {
		size = min(size, announced+1)
	}
	return append(make([]byte, 0, size), body...)
}
