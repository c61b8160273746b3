package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// load publishes URLs of the press and reads the API until ctx ends. With bursts, it
// also publishes a few hundred URLs at once every other minute.
type load struct {
	press   *press
	natsURL string
	webURL  string
	bursts  bool
}

// pace is the interval at which one URL of each host is published.
const pace = 2 * time.Second

const (
	burstEvery = 2 * time.Minute
	burstSize  = 25 // URLs of each publishing host
)

func (l load) run(ctx context.Context) error {
	nc, err := nats.Connect(l.natsURL, nats.Timeout(5*time.Second))
	if err != nil {
		return fmt.Errorf("connecting to publish: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("opening JetStream to publish: %w", err)
	}
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	number := 0
	for round := 0; ; round++ {
		urls := l.round(round, &number)
		if l.bursts && round%int(burstEvery/pace) == int(burstEvery/pace)/2 {
			for range burstSize {
				urls = append(urls, l.articles(&number)...)
			}
		}
		for _, url := range urls {
			if err := publish(ctx, js, url); err != nil {
				return err
			}
		}
		for _, path := range []string{"/", "/api/v1/articles?q=harbour", "/api/v1/articles/none", "/none"} {
			if err := read(ctx, l.webURL+path); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// request is a FetchRequest in JSON.
type request struct {
	URL   string `json:"url"`
	Force bool   `json:"force,omitempty"`
}

// articles returns a new article of each publishing host.
func (l load) articles(number *int) []request {
	var urls []request
	for host := range publishing {
		urls = append(urls, request{URL: fmt.Sprintf("%s/articles/%d", l.press.origins[host], *number)})
	}
	*number++
	return urls
}

// round returns the requests of one round: new articles, a changed one, known ones, a
// missing one, a list, and one of each difficult host.
func (l load) round(round int, number *int) []request {
	urls := append(l.articles(number),
		request{URL: l.press.origins[0] + "/live/1", Force: true},
		request{URL: l.press.origins[1] + "/articles/0", Force: true},
		request{URL: l.press.origins[2] + "/articles/0"},
		request{URL: fmt.Sprintf("%s/gone/%d", l.press.origins[3], round)},
		request{URL: fmt.Sprintf("%s/section/%d", l.press.origins[4], round)},
		request{URL: fmt.Sprintf("%s/articles/%d", l.press.origins[closed], round)},
	)
	if round%5 == 0 { // less often, because each of them is retried
		for _, origin := range []string{
			l.press.origins[forbidden], l.press.origins[throttling], l.press.origins[failing], l.press.nowhere,
		} {
			urls = append(urls, request{URL: fmt.Sprintf("%s/articles/%d", origin, round)})
		}
		urls = append(urls, request{URL: "gopher://none"})
	}
	return urls
}

func publish(ctx context.Context, js jetstream.JetStream, r request) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding a request: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, err := js.Publish(ctx, subject.URLs, body); err != nil {
		return fmt.Errorf("publishing %s: %w", r.URL, err)
	}
	return nil
}

// read requests a page and ignores the status.
func read(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("requesting %s: %w", url, err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("requesting %s: %w", url, err)
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	return err
}
