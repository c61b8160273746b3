package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// urlPage is the whole story of a URL.
type urlPage struct {
	URL, Host string
	Error     string
	Article   *store.Hit // nil if none is stored
	Past      []urlEvent
	Waiting   []library.Waiting
	Expired   string // a note on outcomes that have expired, or empty
	Summary   urlSummary
	// Refresh is the number of seconds after which the page refreshes itself.
	Refresh int
}

const (
	// soon and later are the values of Refresh: later if nothing is expected to happen
	// soon, or if more than shortQueue URLs were read from a queue.
	soon, later = 5, 60
	shortQueue  = 100
)

// urlEvent is something that has happened to a URL.
type urlEvent struct {
	Time                           time.Time
	Stage, Verdict, Reason, Detail string
	Attempt                        int32
	OtherURL                       string // the URL of the event, if it is another one
}

// urlSummary says in one sentence how a URL stands. Class is a CSS class.
type urlSummary struct{ Class, Text string }

func (s *site) urls(w http.ResponseWriter, r *http.Request) {
	page := urlPage{URL: strings.TrimSpace(r.URL.Query().Get("url"))}
	if page.URL == "" {
		s.show(w, r, http.StatusOK, "url", "URLs", page)
		return
	}
	parsed, err := weburl.Parse(page.URL)
	if err != nil {
		page.Error = "This is not a URL: " + library.ErrNoURL.Error() + "."
		s.show(w, r, http.StatusBadRequest, "url", "URLs", page)
		return
	}
	page.URL, page.Host = parsed.String(), parsed.Host()
	if err := s.fillURL(r, &page); err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page.Summary = page.summarize(time.Now())
	page.Refresh = later
	if page.Summary.Class == "waiting" && (len(page.Waiting) == 0 || page.Waiting[0].Queued <= shortQueue) {
		page.Refresh = soon
	}
	status := http.StatusOK
	if page.Summary.Class == "unknown" {
		status = http.StatusNotFound
	}
	s.show(w, r, status, "url", page.URL, page)
}

func (s *site) fillURL(r *http.Request, page *urlPage) error {
	outcomes, err := library.History(r.Context(), s.Library, page.URL)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		page.Past = append(page.Past, newURLEvent(o, page.URL))
	}
	if page.Waiting, err = s.Waiting(r.Context(), page.URL); err != nil {
		return err
	}
	switch hit, err := s.Article(r.Context(), page.URL); {
	case err == nil:
		page.Article = &hit
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	since, err := s.OutcomesSince(r.Context())
	page.Expired = library.ExpiredNote(since, page.Article, len(page.Past) > 0)
	return err
}

func newURLEvent(o *datelinev1.Outcome, url string) urlEvent {
	e := urlEvent{
		Time: o.GetTime().AsTime(), Stage: subject.StageName(o.GetStage()), Verdict: subject.VerdictName(o.GetVerdict()),
		Reason: o.GetReason(), Detail: o.GetDetail(), Attempt: o.GetAttempt(),
	}
	if o.GetUrl() != url {
		e.OtherURL = o.GetUrl()
	}
	return e
}

// summarize says how the URL stands: what waits comes before what has ended.
func (p urlPage) summarize(now time.Time) urlSummary {
	switch {
	case len(p.Waiting) > 0:
		one := p.Waiting[0]
		text := "Waits to be fetched: " + one.Why + "."
		if !one.Next.IsZero() {
			text += " Next attempt in " + age(one.Next.Sub(now)) + "."
		}
		return urlSummary{"waiting", text}
	case len(p.Past) == 0 && p.Article == nil:
		return urlSummary{"unknown",
			"Nothing is known about this URL: it was not published here, or intake has not read it yet."}
	case len(p.Past) == 0:
		return urlSummary{"healthy", "An article is stored. The ledger has no outcome of this URL."}
	}
	last := p.Past[len(p.Past)-1]
	for _, e := range slices.Backward(p.Past) {
		if e.Stage != subject.StageName(datelinev1.Stage_STAGE_ARCHIVE) {
			last = e
			break
		}
	}
	switch last.Verdict {
	case "dead":
		return urlSummary{"failing", "Failed in stage " + last.Stage + ": " + last.Reason + "."}
	case "rejected":
		return urlSummary{"failing", "Rejected in stage " + last.Stage + ": " + last.Reason + "."}
	case "duplicate", "unchanged":
		return urlSummary{"healthy", "The last request changed nothing: " + strings.ReplaceAll(last.Reason, "_", " ") + "."}
	}
	if last.Stage == subject.StageName(datelinev1.Stage_STAGE_INDEX) {
		return urlSummary{"healthy", "Stored."}
	}
	return urlSummary{"waiting", "On its way: stage " + last.Stage + " has finished, the next stage has not."}
}

// urlOf returns the path of the page about a URL.
func urlOf(address string) string { return "/urls?" + url.Values{"url": {address}}.Encode() }
