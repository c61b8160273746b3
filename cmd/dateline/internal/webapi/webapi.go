// Package webapi is a client for the HTTP API of a deployment.
package webapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/replica"
)

const (
	// timeout bounds a request that only reads, and changeTimeout the others.
	timeout       = 10 * time.Second
	changeTimeout = time.Minute
	// maxResponse is the maximum size of a response, in bytes.
	maxResponse = 16 << 20
)

// Client calls the API at a base URL. The token may be empty.
type Client struct {
	base, token string
	fresh       bool
}

// New returns a client for an address, which may be only host:port or :port.
func New(address, token string) Client {
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	return Client{base: strings.TrimSuffix(address, "/"), token: token}
}

// Fresh returns a client whose reads see every change. They fail while only a replica of the database answers.
func (c Client) Fresh() Client {
	c.fresh = true
	return c
}

// ErrNotFound means that the API does not have the requested resource.
var ErrNotFound = errors.New("not found")

// Get decodes the response to a request for a path below /api/v1 into v.
func (c Client) Get(ctx context.Context, path string, v any) error {
	return c.send(ctx, http.MethodGet, path, nil, v)
}

// send sends a request with a JSON body, unless that is nil, for a path below /api/v1. It
// decodes the response into v unless v is nil.
func (c Client) send(ctx context.Context, method, path string, body, v any) error {
	limit := timeout
	if method != http.MethodGet {
		limit = changeTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	response, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if v == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxResponse)).Decode(v); err != nil {
		return fmt.Errorf("decoding the response of %s: %w", c.base, err)
	}
	return nil
}

// do sends a request and returns a successful response, whose body the caller closes.
func (c Client) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var encoded io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encoding a request: %w", err)
		}
		encoded = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1"+path, encoded)
	if err != nil {
		return nil, fmt.Errorf("the address of the web page is invalid: give another with --client-web")
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.fresh {
		request.Header.Set(replica.PositionHeader, replica.Newest)
	}
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
		// Follow no redirects: the token is for this address only.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err
		}
		return nil, fmt.Errorf("%s does not answer: %w; start the pipeline, or give another address with --client-web",
			c.base, err)
	}
	if c.fresh && response.Header.Get(replica.FromHeader) == replica.Replica {
		_ = response.Body.Close() // the content is not used
		return nil, fmt.Errorf("the database of %s is unavailable, and its replica may lack changes: try again later", c.base)
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return response, nil
	}
	defer response.Body.Close()
	return nil, c.refused(method, response)
}

// refused returns the error that an unsuccessful response stands for.
func (c Client) refused(method string, response *http.Response) error {
	detail := detailOf(json.NewDecoder(io.LimitReader(response.Body, maxResponse)))
	switch status := response.StatusCode; {
	case status == http.StatusNotFound:
		return ErrNotFound
	case method != http.MethodGet && status == http.StatusForbidden:
		return fmt.Errorf("%s refuses the change%s: give the operate token with --http-operate-token", c.base, detail)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("%s refuses the token: give another with --http-read-token", c.base)
	}
	return fmt.Errorf("%s answers %s%s", c.base, response.Status, detail)
}

// detailOf returns the explanation in an error response (RFC 9457), as the end of a
// message.
func detailOf(body *json.Decoder) string {
	var problem struct {
		Detail string `json:"detail"`
	}
	if body.Decode(&problem) != nil || problem.Detail == "" {
		return ""
	}
	return ": " + problem.Detail
}
