package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// sourcesPerPage is the number of sources on a page, silentPerPage that of silent sources:
// for the cause of each silence, the outcomes of four weeks are added up.
const (
	sourcesPerPage = 50
	silentPerPage  = 20
)

type sourcesPage struct {
	Sources []sourceRow
	States  store.SourceStates
	Silent  bool
	Next    string
}

type sourceRow struct {
	library.SourceHealth
	Produced, Rejected, Dead int64
	Condition, Why, Usual    string
	Week                     week
}

func (s *site) sources(w http.ResponseWriter, r *http.Request) {
	if host := hostOf(r.URL.Query().Get("host")); host != "" {
		http.Redirect(w, r, "/sources/"+url.PathEscape(host), http.StatusSeeOther)
		return
	}
	now := time.Now()
	query := store.SourceQuery{
		Since: now.Add(-24 * time.Hour), At: now, Silent: r.URL.Query().Get("silent") == "1",
		After: r.URL.Query().Get("after"), Limit: sourcesPerPage,
	}
	if query.Silent {
		query.Limit = silentPerPage
	}
	sources, err := s.SourcesHealth(r.Context(), query)
	page := sourcesPage{Silent: query.Silent}
	if err == nil {
		page.States, err = s.SourceStates(r.Context(), now)
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	for _, source := range sources {
		if source.Host != "" {
			page.Sources = append(page.Sources, condition(source))
		}
	}
	if err := s.fillWeeks(r.Context(), page.Sources, now); err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	if len(sources) == query.Limit {
		next := url.Values{"after": {sources[len(sources)-1].Host}}
		if query.Silent {
			next.Set("silent", "1")
		}
		page.Next = "/sources?" + next.Encode()
	}
	s.show(w, r, http.StatusOK, "sources", "Sources", page)
}

// hostOf returns the host that a user has entered, as such or in a URL, or "".
func hostOf(text string) string {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "https://" + text + "/"
	}
	parsed, err := weburl.Parse(text)
	if err != nil {
		return ""
	}
	return parsed.Host()
}

// condition judges a source. Its baseline decides whether it is silent. Otherwise it
// depends on the outcomes of the fetcher and the extractor in the last 24 hours:
// failing if more inputs failed than succeeded, refused if none succeeded and
// some were rejected.
func condition(source library.SourceHealth) sourceRow {
	row := sourceRow{SourceHealth: source}
	if source.Expected != nil {
		row.Usual = strconv.FormatFloat(*source.Expected, 'f', 1, 64)
	}
	reason := row.addOutcomes(source.Outcomes)
	switch {
	case source.State == library.StateSilent:
		row.Condition = "silent"
		row.Why = strings.ReplaceAll(string(source.Cause), "_", " ") + ": " + source.Evidence
	case row.Dead > row.Produced:
		row.Condition, row.Why = "failing", "most common reason: "+reason
	case row.Produced == 0 && row.Rejected > 0:
		row.Condition, row.Why = "refused", "most common reason: "+reason
	case row.Produced == 0:
		row.Condition, row.Why = "quiet", "no requests in the last 24 hours"
	default:
		row.Condition = "healthy"
		if reason != "" {
			row.Why = fmt.Sprintf("%d of %d succeeded in the last 24 hours, most common reason of the others: %s",
				row.Produced, row.Produced+row.Dead+row.Rejected, reason)
		}
	}
	return row
}

// addOutcomes counts the outcomes of the fetcher and the extractor. It returns
// the most common reason for which inputs did not succeed.
func (row *sourceRow) addOutcomes(outcomes []store.Count) (reason string) {
	var most int64
	for _, o := range outcomes {
		if o.Stage != datelinev1.Stage_STAGE_FETCH && o.Stage != datelinev1.Stage_STAGE_EXTRACT {
			continue
		}
		switch o.Verdict {
		case datelinev1.Verdict_VERDICT_DEAD:
			row.Dead += o.Count
		case datelinev1.Verdict_VERDICT_REJECTED:
			row.Rejected += o.Count
		default:
			// A page that the fetcher produced is counted by the extractor.
			if o.Stage == datelinev1.Stage_STAGE_EXTRACT || o.Verdict != datelinev1.Verdict_VERDICT_PRODUCED {
				row.Produced += o.Count
			}
			continue
		}
		if o.Count > most {
			most, reason = o.Count, o.Reason
		}
	}
	return reason
}
