package newsroom

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// The past of a paper that published for weeks and then closed: its server still answers,
// but only with errors.
const (
	closedTitle = "The Fenland Post"
	pastDays    = 28 // days with articles, before the closed ones
	closedDays  = 3
	firstHour   = 6 // hours of a day in which the paper published, in UTC
	lastHour    = 20
)

// serveClosed answers for the paper that closed. It has no robots.txt: if that failed, the
// fetcher would request nothing else.
func serveClosed(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/robots.txt" {
		http.NotFound(w, r)
		return
	}
	http.Error(w, closedTitle+" has closed", http.StatusServiceUnavailable)
}

// Past returns made-up outcomes of the paper that closed: articles in every second hour of
// four weeks, and then only failed requests. They are the outcomes with which the requests
// would have ended.
func (n *Newsroom) Past(now time.Time) []*datelinev1.Outcome {
	var all []*datelinev1.Outcome
	today := now.UTC().Truncate(24 * time.Hour)
	for day := -pastDays - closedDays; day < 0; day++ {
		for hour := firstHour; hour <= lastHour; hour += 2 {
			at := today.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
			for i := range 1 + (day+pastDays+closedDays+hour)%3 {
				all = append(all, n.pastOutcome(at.Add(time.Duration(i)*time.Minute), day >= -closedDays))
			}
		}
	}
	return all
}

func (n *Newsroom) pastOutcome(at time.Time, failed bool) *datelinev1.Outcome {
	id := fmt.Sprintf("past-%d", at.Unix())
	o := &datelinev1.Outcome{
		Stage: datelinev1.Stage_STAGE_INDEX, Verdict: datelinev1.Verdict_VERDICT_PRODUCED, Reason: string(outcome.New),
		InputId: id, RequestId: id, Url: n.closed + at.Format("/2006/01/02/1504"), Attempt: 1, Time: timestamppb.New(at),
		Host: strings.TrimPrefix(n.closed, "http://"),
	}
	if failed {
		o.Stage, o.Verdict = datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_DEAD
		o.Reason, o.Detail = string(outcome.ServerError), "the site answered 503"
	}
	return o
}

// silent returns an event about the paper that closed before the story began.
func (n *Newsroom) silent() (Event, error) {
	return Event{What: closedTitle + " has published nothing for days", URLs: []string{n.closed + "/"}, Visits: 1}, nil
}
