package web

import (
	"net/http"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
)

// pipelineHours is how many hours back the page of the pipeline shows.
const pipelineHours = 24

type pipelinePage struct {
	library.State
	Hours []pipelineHour
	Most  int64
}

type pipelineHour struct {
	Begin                              time.Time
	Asked, Fetched, Stored, Failed, No int64
}

func (s *site) pipeline(w http.ResponseWriter, r *http.Request) {
	state, err := s.library.State(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	now := time.Now().UTC().Truncate(time.Hour)
	counts, err := s.library.Hours(r.Context(), "", now.Add(-(pipelineHours-1)*time.Hour))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	page := pipelinePage{State: state, Most: 1}
	byHour := map[time.Time]*pipelineHour{}
	for i := range pipelineHours {
		hour := &pipelineHour{Begin: now.Add(-time.Duration(i) * time.Hour)}
		byHour[hour.Begin] = hour
	}
	for _, c := range counts {
		hour := byHour[c.Begin]
		if hour == nil {
			continue
		}
		n := c.Count.Count
		switch produced := c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED; {
		case c.Verdict == datelinev1.Verdict_VERDICT_DEAD:
			hour.Failed += n
		case c.Verdict == datelinev1.Verdict_VERDICT_REJECTED:
			hour.No += n
		case c.Stage == datelinev1.Stage_STAGE_INTAKE && produced:
			hour.Asked += n
		case c.Stage == datelinev1.Stage_STAGE_FETCH && produced:
			hour.Fetched += n
		case c.Stage == datelinev1.Stage_STAGE_INDEX && produced:
			hour.Stored += n
		}
		page.Most = max(page.Most, hour.Fetched)
	}
	for i := range pipelineHours {
		page.Hours = append(page.Hours, *byHour[now.Add(-time.Duration(i)*time.Hour)])
	}
	s.show(w, r, http.StatusOK, "pipeline", "Pipeline", page)
}
