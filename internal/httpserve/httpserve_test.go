package httpserve_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/httpserve"
	"github.com/dateline-news/dateline/internal/natstest"
)

func server(addr string, handler http.HandlerFunc) httpserve.Server {
	return httpserve.Server{
		Addr: addr, Name: "trial", Setting: "trial.addr", Handler: handler,
		ReadTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		Grace: time.Minute, Log: slog.New(slog.DiscardHandler),
	}
}

// start runs the server, waits until it answers, and returns its URL, a function
// that tells it to stop, and the channel of its result.
func start(t *testing.T, s httpserve.Server) (url string, stop func(), ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	result := make(chan error, 1)
	go func() { result <- s.Run(ctx) }()
	natstest.Eventually(t, "the server listens", func() bool {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr)
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
	return "http://" + s.Addr, cancel, result
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func get(t *testing.T, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(request)
}

func TestARequestFinishesAfterTheStop(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	url, stop, ended := start(t, server(natstest.FreeAddr(t), func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		fmt.Fprint(w, "done")
	}))
	body := make(chan string, 1)
	go func() {
		response, err := get(t, url)
		if err != nil {
			body <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		body <- string(text)
	}()
	<-entered
	stop()
	close(release)
	if got := <-body; got != "done" {
		t.Errorf("got %q, want the whole response", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTheContextOfARequestEndsAfterTheGracePeriod(t *testing.T) {
	entered := make(chan struct{})
	s := server(natstest.FreeAddr(t), func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	s.Grace = time.Millisecond
	url, stop, ended := start(t, s)
	go func() {
		if response, err := get(t, url); err == nil {
			response.Body.Close()
		}
	}()
	<-entered
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAnAddressInUseIsReported(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	err = server(taken.Addr().String(), nil).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is in use") || !strings.Contains(err.Error(), "trial.addr") {
		t.Errorf("got %v, want an error that names the setting", err)
	}
}

func TestWithoutAnAddressItWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server("", nil).Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestAnAddressThatCannotBeUsedIsReported(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:99999", "192.0.2.1:1", "nowhere"} {
		err := server(addr, nil).Run(t.Context())
		if err == nil || strings.Contains(err.Error(), "is in use") ||
			!strings.Contains(err.Error(), "listening on the trial address "+addr) ||
			!strings.HasSuffix(err.Error(), "check trial.addr") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// TestLimitsOfRequests sends headers that just fit the limit of a server without a log, and ones that do not.
func TestLimitsOfRequests(t *testing.T) {
	s := server(natstest.FreeAddr(t), func(http.ResponseWriter, *http.Request) {})
	s.Log = nil
	url, stop, ended := start(t, s)
	for size, want := range map[int]int{s.MaxHeaderBytes / 2: http.StatusOK, s.MaxHeaderBytes * 2: 431} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X", strings.Repeat("x", size))
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%d bytes of headers: status %d, want %d", size, response.StatusCode, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
