package web

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// sourcesPerPage is how many sources a page shows.
const sourcesPerPage = 200

type sourcesPage struct {
	Sources []sourceRow
	Next    string
}

type sourceRow struct {
	store.Source
	Produced, Rejected, Dead int64
	Health, Why              string
}

func (s *site) sources(w http.ResponseWriter, r *http.Request) {
	sources, err := s.library.Sources(r.Context(), time.Now().Add(-24*time.Hour), r.URL.Query().Get("after"), sourcesPerPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	var page sourcesPage
	for _, one := range sources {
		if one.Host != "" {
			page.Sources = append(page.Sources, health(one))
		}
	}
	if len(sources) == sourcesPerPage {
		page.Next = "/sources?after=" + url.QueryEscape(sources[len(sources)-1].Host)
	}
	s.show(w, r, http.StatusOK, "sources", "Sources", page)
}

// health judges a source by what the fetcher and the extractor made of it in
// the last day: failing where more failed than came through, refusing where
// rules let nothing through.
func health(one store.Source) sourceRow {
	row := sourceRow{Source: one, Health: "quiet", Why: "nothing was asked for in the last 24 hours"}
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
	case row.Dead > row.Produced:
		row.Health, row.Why = "failing", "most often: "+reason
	case row.Produced == 0 && row.Rejected > 0:
		row.Health, row.Why = "refused", "most often: "+reason
	case row.Produced > 0:
		row.Health, row.Why = "healthy", ""
		if most > 0 {
			row.Why = fmt.Sprintf("%d did not come through, most often: %s", row.Dead+row.Rejected, reason)
		}
	}
	return row
}
