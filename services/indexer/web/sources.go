package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// sourcesPerPage is how many sources a page shows.
const sourcesPerPage = 200

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
}

func (s *site) sources(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	query := store.SourceQuery{
		Since: now.Add(-24 * time.Hour), At: now, Silent: r.URL.Query().Get("silent") == "1",
		After: r.URL.Query().Get("after"), Limit: sourcesPerPage,
	}
	sources, err := s.library.SourcesHealth(r.Context(), query)
	page := sourcesPage{Silent: query.Silent}
	if err == nil {
		page.States, err = s.library.SourceStates(r.Context(), now)
	}
	if err != nil {
		s.failed(w, r, err)
		return
	}
	for _, one := range sources {
		if one.Host != "" {
			page.Sources = append(page.Sources, condition(one))
		}
	}
	if len(sources) == sourcesPerPage {
		next := url.Values{"after": {sources[len(sources)-1].Host}}
		if query.Silent {
			next.Set("silent", "1")
		}
		page.Next = "/sources?" + next.Encode()
	}
	s.show(w, r, http.StatusOK, "sources", "Sources", page)
}

// condition judges a source: silent where it brings less than chance explains;
// else by what the fetcher and the extractor made of it in the last day:
// failing where more failed than came through, refused where rules let nothing
// through.
func condition(one library.SourceHealth) sourceRow {
	row := sourceRow{SourceHealth: one, Condition: "quiet", Why: "nothing was asked for in the last 24 hours"}
	if one.Expected != nil {
		row.Usual = strconv.FormatFloat(*one.Expected, 'f', 1, 64)
	}
	var most int64
	var reason string
	for _, o := range one.Outcomes {
		if o.Stage != datelinev1.Stage_STAGE_FETCH && o.Stage != datelinev1.Stage_STAGE_EXTRACT {
			continue
		}
		switch o.Verdict {
		case datelinev1.Verdict_VERDICT_DEAD:
			row.Dead += o.Count
		case datelinev1.Verdict_VERDICT_REJECTED:
			row.Rejected += o.Count
		default:
			if o.Stage == datelinev1.Stage_STAGE_EXTRACT || o.Verdict != datelinev1.Verdict_VERDICT_PRODUCED {
				row.Produced += o.Count
			}
			continue
		}
		if o.Count > most {
			most, reason = o.Count, o.Reason
		}
	}
	switch {
	case one.State == library.StateSilent:
		row.Condition, row.Why = "silent", strings.ReplaceAll(string(one.Cause), "_", " ")+": "+one.Evidence
	case row.Dead > row.Produced:
		row.Condition, row.Why = "failing", "most often: "+reason
	case row.Produced == 0 && row.Rejected > 0:
		row.Condition, row.Why = "refused", "most often: "+reason
	case row.Produced > 0:
		row.Condition, row.Why = "healthy", ""
		if most > 0 {
			row.Why = fmt.Sprintf("%d did not come through, most often: %s", row.Dead+row.Rejected, reason)
		}
	}
	return row
}
