package httpget

import (
	"bytes"
	"io"
	"net/http"
)

const (
	// scratchSize is the size in bytes of a pooled buffer. Most pages fit, as
	// they are sent compressed.
	scratchSize = 64 << 10
	// lendSize is the minimum size in bytes of a body that stays in its pooled
	// buffer. A smaller body is copied.
	lendSize = scratchSize / 8
	// otherBodyBytes limits the body of a status other than 2xx. It is enough
	// to tell a block page from an error page.
	otherBodyBytes = 64 << 10
)

// readBody reads a body up to its limit. If a 2xx body is not HTML, it reads only
// as much as it needs to find out, and returns a BadType. A body of lendSize to
// scratchSize bytes stays in a pooled buffer, which is returned as lent. A
// smaller or larger body has memory of its own.
func (c *Client) readBody(x *exchange, incoming *http.Response, request Request) (
	body []byte, truncated bool, lent *[scratchSize]byte, err error,
) {
	limit := request.MaxBodyBytes
	var check typeCheck
	switch {
	case incoming.StatusCode/100 != 2:
		limit = min(limit, otherBodyBytes)
	case !request.AnyType && !hasNoContent(incoming.StatusCode):
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
	// The capacity is one byte above the limit, to notice a longer body.
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

func hasNoContent(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent
}

// grow moves a full buffer to one of four times the size, or of the announced
// size if that is less. It does not allocate a larger announced size at once,
// because a server may announce bytes that it never sends.
func grow(body []byte, limit, announced int64) []byte {
	size := min(4*int64(len(body)), limit)
	if announced > int64(len(body)) {
		size = min(size, announced+1)
	}
	return append(make([]byte, 0, size), body...)
}
