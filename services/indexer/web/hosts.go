package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/dateline-news/dateline/services/indexer/library"
)

// hostPage shows how the fetcher gets on with a host.
type hostPage struct {
	library.Host
	Chart outcomeChart
	Ends  []library.End
}

func (s *site) host(w http.ResponseWriter, r *http.Request) {
	host, err := s.Host(r.Context(), r.PathValue("host"))
	if errors.Is(err, library.ErrNoHost) {
		s.showError(w, r, http.StatusBadRequest, err)
		return
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	hour := time.Now().UTC().Truncate(time.Hour)
	hours, err := s.Hours(r.Context(), host.Host, hour.Add(-(pipelineHours-1)*time.Hour))
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page := hostPage{
		Host: host, Chart: newOutcomeChart(hours, hour, pipelineHours), Ends: library.Ends(sum(hours)),
	}
	s.show(w, r, http.StatusOK, "host", host.Host, page)
}
