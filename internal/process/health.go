package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthTimeout is more than the process itself takes to answer /readyz.
const healthTimeout = 3 * time.Second

// health asks the process that serves on an admin address of this machine
// whether it is ready: for containers, whose images hold no other program.
func health(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("there is no admin address to ask (admin.addr is %q): give one such as 127.0.0.1:9464", addr)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking whether the process is ready: %w", err)
	}
	defer response.Body.Close()
	report, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if response.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("not ready (%s):\n%s", response.Status, strings.TrimSpace(string(report))), err)
	}
	return nil
}
