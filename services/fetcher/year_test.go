package fetcher

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

const (
	// pagesVariable sets the number of URLs that are published on each day of TestYear.
	pagesVariable    = "DATELINE_YEAR"
	defaultYearPages = 4

	yearDays, monthDays, weekDays = 365, 30, 7
	// yearDay is a day by the clocks of the server and the fetcher, which run yearScale times faster than the calendar.
	// Otherwise their timers alone would take many minutes of CPU time.
	yearDay   = 3 * time.Second
	yearScale = int64(24 * time.Hour / yearDay)
	yearDelay = 10 * time.Millisecond

	// The numbers of hosts that are requested in all weeks, and in a single week.
	lastingHosts, weeklyHosts = 4, 4
)

// TestYear simulates a year of the calendar, and expects that nothing grows after the longest time of retention,
// 97 days. The fetcher and the server are real. Their clocks run faster, and the retention times of the streams are
// shorter by the same factor. The store is real too, and gets the times of the calendar. What is reduced is the number
// of pages, the extraction, and the texts. See docs/scaling.md.
func TestYear(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	pages := defaultYearPages
	if text := os.Getenv(pagesVariable); text != "" {
		var err error
		if pages, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	stopServerClock()
	synctest.Test(t, func(t *testing.T) { simulateYear(t, pages) })
}

func simulateYear(t *testing.T, pages int) {
	t.Helper()
	y := newYear(t, pages)
	defer y.web.close()
	config := simulatedConfig()
	config.Delay, config.RetryDelay, config.BreakerRest = yearDelay, yearDay, yearDay
	stop := runSimulated(t, y.nc, y.js, y.web, config)
	for d := range yearDays {
		y.publish(d)
		time.Sleep(yearDay)
		y.store.finish(t)
		if (d+1)%monthDays == 0 {
			y.measure(d + 1)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	y.store.finish(t)
	y.report()
	y.checkFlat()
	y.checkOutcomes()
}

// newYear starts a server, a store and sites.
func newYear(t *testing.T, pages int) *year {
	t.Helper()
	const bytesPerPage = 64 << 10 // room for some weeks
	size := int64(max(pages, defaultYearPages) * bytesPerPage)
	dir := t.TempDir()
	nc, js := simulatedServer(t, dir, topology.Limits{Freshness: yearDay, PageBytes: size, OtherBytes: size})
	shortenRetention(t, js)
	y := &year{t: t, nc: nc, js: js, dir: dir, pages: pages, web: &simulatedWeb{byHost: map[string]*simulatedSite{}}}
	y.store = newYearStore(t, js)
	allowAll := ""
	for range lastingHosts + weeklyHosts*(yearDays/weekDays+1) {
		y.web.add("news", &allowAll, yearPage)
	}
	return y
}

// shortenRetention divides the retention times of all streams by yearScale, except for that of the leases, whose
// renewal would be most of the work.
func shortenRetention(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	streams := js.ListStreams(t.Context())
	for info := range streams.Info() {
		config := info.Config
		switch {
		case config.Name == subject.KVStream(subject.BucketLeases):
			config.MaxAge = simLeaseTTL
		case config.MaxAge >= 24*time.Hour:
			config.MaxAge /= time.Duration(yearScale)
			config.Duplicates = min(config.Duplicates, config.MaxAge)
		}
		if _, err := js.UpdateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	if err := streams.Err(); err != nil {
		t.Fatal(err)
	}
}

// yearPage answers for a page. One in eleven does not exist, one in thirteen never changes, and one in seventeen cannot
// be fetched.
func yearPage(s *simulatedSite, w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	switch {
	case n%11 == 0:
		http.NotFound(w, r)
	case n%13 == 0:
		unchangedPage(s, w, r)
	case n%17 == 0:
		hangUp(s, w, r)
	default:
		serveNews(w)
	}
}

// publish publishes the URLs of a day. One in five was published just before, and one in seven ten days ago.
func (y *year) publish(day int) {
	y.t.Helper()
	for i := range y.pages {
		n := day*y.pages + i
		switch {
		case n%5 == 1:
			n--
		case n%7 == 1 && day >= 10:
			n -= 10 * y.pages
		}
		host := n % lastingHosts
		if n%2 == 1 {
			host = lastingHosts + n/(y.pages*weekDays)*weeklyHosts + n/2%weeklyHosts
		}
		url := fmt.Sprintf("http://%s/%d", y.web.sites[host].host, n)
		if _, err := y.js.Publish(y.t.Context(), subject.URLs, []byte(url)); err != nil {
			y.t.Fatal(err)
		}
		y.published++
	}
}

// messages returns the number of messages in a stream.
func (y *year) messages(stream string) int64 {
	return int64(messagesIn(y.t, y.js, stream))
}

// fetchAll calls take for each message that waits, and acks it.
func fetchAll(ctx context.Context, t *testing.T, consumer jetstream.Consumer, take func(jetstream.Msg)) {
	t.Helper()
	const batch = 500
	for n := batch; n == batch; {
		n = 0
		fetched, err := consumer.FetchNoWait(batch)
		if err != nil {
			t.Fatal(err)
		}
		for msg := range fetched.Messages() {
			take(msg)
			n++
			if err := msg.DoubleAck(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := fetched.Error(); err != nil {
			t.Fatal(err)
		}
	}
}
