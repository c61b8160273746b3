package httpget

import (
	"net/http"
	"time"
)

// roundTrip sends a request and returns the response with its connection. At most one
// request reaches the server, unless the server refuses it without processing it: it
// then gets the request once more.
func (c *Client) roundTrip(x *exchange, request *http.Request) (*http.Response, *connection, error) {
	connection := c.idle.take(connectionKey(request))
	for repeated := false; ; {
		if connection == nil {
			var err error
			if connection, err = c.connect(request.Context(), x, request); err != nil {
				return nil, nil, err
			}
		} else {
			x.reuse()
		}
		response, err := connection.send(x, request)
		if err == nil {
			return response, connection, nil
		}
		connection.close()
		if connection.wire == nil && requiresHTTP1(err) {
			c.http1.add(connection.key, c.config.Now())
		}
		switch {
		case connection.used && !connection.sent(x):
			// The idle connection was closed before the request was written.
		case connection.wire == nil && isUnprocessed(err) && !repeated:
			repeated = true
		default:
			return nil, nil, err
		}
		connection = nil
	}
}

// release keeps a connection for the next request to its site, unless the response
// or the server ended it.
func (c *Client) release(connection *connection, life time.Duration) {
	if c.config.SingleUse || !connection.reusable() {
		connection.close()
		return
	}
	connection.used = true
	c.idle.put(connection, life)
}
