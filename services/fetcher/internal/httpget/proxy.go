package httpget

import (
	"bufio"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// proxyAddress returns the host and port of a proxy.
func proxyAddress(proxy *url.URL) string {
	if proxy.Port() != "" {
		return proxy.Host
	}
	return net.JoinHostPort(proxy.Hostname(), strconv.Itoa(int(defaultPort(proxy.Scheme))))
}

// proxyAuthorization returns the Proxy-Authorization header. It is empty if the
// proxy's URL has no user.
func proxyAuthorization(proxy *url.URL) string {
	if proxy == nil || proxy.User == nil {
		return ""
	}
	password, _ := proxy.User.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password))
}

// tunnel asks a proxy to connect to an address.
func (c *Client) tunnel(ctx context.Context, proxy net.Conn, address string) error {
	// A deadline in the past interrupts reads and writes.
	stop := context.AfterFunc(ctx, func() { _ = proxy.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	request := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address,
		Header: http.Header{"User-Agent": {c.config.UserAgent}},
	}
	if authorization := proxyAuthorization(c.config.Proxy); authorization != "" {
		request.Header.Set("Proxy-Authorization", authorization)
	}
	if err := request.Write(proxy); err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	// Reading ahead loses nothing, because a TLS server does not speak first.
	reader := bufio.NewReader(io.LimitReader(proxy, c.config.MaxHeaderBytes))
	answer, err := http.ReadResponse(reader, request) //nolint:bodyclose // the tunnel is the body
	if err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy answered %s", answer.Status)
	}
	return nil
}
