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

const (
	// healthTimeout is longer than a process takes to answer /readyz.
	healthTimeout = 3 * time.Second
	// maxReport is the maximum size of the report that is printed, in bytes.
	maxReport = 4 << 10
)

// checkHealth asks the process that serves on an admin address of this machine
// whether it is ready. Container health checks use it, because the images contain
// no other program.
func checkHealth(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("checking health: admin.addr is %q: set it to an address such as 127.0.0.1:9464", addr)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("checking health: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("checking health: %w", err)
	}
	defer response.Body.Close()
	report, err := io.ReadAll(io.LimitReader(response.Body, maxReport))
	if response.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("not ready (%s):\n%s", response.Status, strings.TrimSpace(string(report))), err)
	}
	return nil
}
