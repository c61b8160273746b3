// Command collybench runs colly as a contender in the fetcher's benchmark
// (services/fetcher/bench), which starts it. It fetches all pages and writes its
// figures as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/gocolly/colly/v2"

	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

func main() {
	flag.String("role", "", "ignored")
	var s contender.Settings
	s.Register(flag.CommandLine)
	flag.Parse()
	figures, err := crawl(s)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(figures)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "collybench:", err)
		os.Exit(1)
	}
}

// crawl uses colly as its documentation shows: asynchronously, and with responses
// decoded, which is colly's default.
func crawl(s contender.Settings) (contender.Figures, error) {
	c := colly.NewCollector(colly.Async(true), colly.UserAgent(contender.UserAgent))
	transport, err := s.Transport()
	if err != nil {
		return contender.Figures{}, err
	}
	transport.DisableCompression = false
	c.WithTransport(transport)
	if err := c.Limit(&colly.LimitRule{DomainGlob: "*", Parallelism: s.InFlight}); err != nil {
		return contender.Figures{}, err
	}
	var done, failed atomic.Int64
	c.OnResponse(func(r *colly.Response) {
		if len(r.Body) > contender.MinPage {
			done.Add(1)
		}
	})
	c.OnError(func(*colly.Response, error) { failed.Add(1) })
	meter := contender.StartMeter()
	for i := range s.Pages {
		if err := c.Visit(s.URL(i)); err != nil {
			return contender.Figures{}, err
		}
	}
	c.Wait()
	if int(done.Load()) != s.Pages {
		return contender.Figures{}, fmt.Errorf("%d of %d pages, %d failed", done.Load(), s.Pages, failed.Load())
	}
	return meter.Stop(s.Pages), nil
}
