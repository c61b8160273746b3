package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// deliveries counts what was accepted. Its memory is lost when the process ends.
type deliveries struct {
	mu       sync.Mutex
	accepted map[string]bool // by the id of the message
	repeated int
}

func newDeliveries() *deliveries { return &deliveries{accepted: map[string]bool{}} }

func (d *deliveries) accept(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.accepted[id] {
		d.repeated++
	}
	d.accepted[id] = true
}

// ServeHTTP tells how many different deliveries were accepted, and how many were repeated, such as "500 2".
func (d *deliveries) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintln(w, len(d.accepted), d.repeated)
}

// maxBody is the maximum size of a delivery in bytes.
const maxBody = 8 << 20

// receive accepts the deliveries of subscriptions as web hooks and as e-mails until ctx ends.
func receive(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", mailAddr)
	if err != nil {
		return fmt.Errorf("accepting e-mails: %w", err)
	}
	hooks, mails := newDeliveries(), newDeliveries()
	ended := make(chan error, 1)
	go func() { ended <- serveMail(ctx, listener, mails) }()
	err = serve(ctx, siteAddr, receiver(hooks, mails))
	_ = listener.Close() // it may be closed
	return errors.Join(err, <-ended)
}

// receiver accepts web hooks on any path. A GET tells what was accepted: e-mails on /mail, web hooks on other paths.
func receiver(hooks, mails *deliveries) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /mail", mails)
	mux.Handle("GET /", hooks)
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("Webhook-Id")
		// What the notifier has not sent to its end was not delivered.
		if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)); err != nil || id == "" {
			http.Error(w, "no delivery", http.StatusBadRequest)
			return
		}
		hooks.accept(id)
	})
	return mux
}

// received prints what a receiver has accepted.
func received(ctx context.Context, url string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer answer.Body.Close()
	_, err = io.Copy(out, io.LimitReader(answer.Body, maxBody))
	return err
}
