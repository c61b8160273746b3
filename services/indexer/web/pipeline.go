package web

import (
	"net/http"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// pipelineHours is the number of hours that the pipeline page shows.
const pipelineHours = 24

type pipelinePage struct {
	library.State
	Hours []pipelineHour // the latest first
	// MaxFetched is the largest number of pages fetched in an hour, and at least
	// 1: the page scales its meters by it.
	MaxFetched int64
}

// pipelineHour counts the outcomes of an hour.
type pipelineHour struct {
	Begin                                     time.Time
	Admitted, Fetched, Stored, Rejected, Dead int64
}

// add adds a count of outcomes.
func (h *pipelineHour) add(c store.Count) {
	switch produced := c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED; {
	case c.Verdict == datelinev1.Verdict_VERDICT_DEAD:
		h.Dead += c.Count
	case c.Verdict == datelinev1.Verdict_VERDICT_REJECTED:
		h.Rejected += c.Count
	case c.Stage == datelinev1.Stage_STAGE_INTAKE && produced:
		h.Admitted += c.Count
	case c.Stage == datelinev1.Stage_STAGE_FETCH && produced:
		h.Fetched += c.Count
	case c.Stage == datelinev1.Stage_STAGE_INDEX && produced:
		h.Stored += c.Count
	}
}

func (s *site) pipeline(w http.ResponseWriter, r *http.Request) {
	state, err := s.library.State(r.Context())
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	now := time.Now().UTC().Truncate(time.Hour)
	counts, err := s.library.Hours(r.Context(), "", now.Add(-(pipelineHours-1)*time.Hour))
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page := pipelinePage{State: state, MaxFetched: 1, Hours: make([]pipelineHour, pipelineHours)}
	for i := range page.Hours {
		page.Hours[i].Begin = now.Add(-time.Duration(i) * time.Hour)
	}
	for _, c := range counts {
		if i := int(now.Sub(c.Begin) / time.Hour); i >= 0 && i < pipelineHours {
			page.Hours[i].add(c.Count)
			page.MaxFetched = max(page.MaxFetched, page.Hours[i].Fetched)
		}
	}
	s.show(w, r, http.StatusOK, "pipeline", "Pipeline", page)
}
