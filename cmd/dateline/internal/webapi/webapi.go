// Package webapi reads from the HTTP API of a deployment.
package webapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// timeout bounds a request.
	timeout = 10 * time.Second
	// maxResponse is the maximum size of a response, in bytes.
	maxResponse = 16 << 20
)

// Client reads from the API at a base URL. The token may be empty.
type Client struct{ base, token string }

// New returns a client for an address, which may be only host:port or :port.
func New(address, token string) Client {
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	return Client{strings.TrimSuffix(address, "/"), token}
}

// ErrNotFound means that the API does not have the requested resource.
var ErrNotFound = errors.New("not found")

// Get decodes the response to a request for a path below /api/v1 into v.
func (c Client) Get(ctx context.Context, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/v1"+path, nil)
	if err != nil {
		return fmt.Errorf("the address of the web page is invalid: give another with --client-web")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
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
		return fmt.Errorf("%s does not answer: %w; start the pipeline, or give another address with --client-web",
			c.base, err)
	}
	defer response.Body.Close()
	body := json.NewDecoder(io.LimitReader(response.Body, maxResponse))
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s refuses the token: give another with --http-read-token", c.base)
	default:
		return fmt.Errorf("%s answers %s%s", c.base, response.Status, detailOf(body))
	}
	if err := body.Decode(v); err != nil {
		return fmt.Errorf("decoding the response of %s: %w", c.base, err)
	}
	return nil
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
