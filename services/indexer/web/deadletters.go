package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/dateline-news/dateline/internal/deadletter"
)

// deadLettersPerPage is the number of dead letters on a page.
const deadLettersPerPage = 50

type deadLettersPage struct {
	DeadLetters []deadletter.Brief
	Next        string
	Filter      deadletter.Filter
}

func (s *site) deadLetters(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	filter := deadletter.Filter{Stage: v.Get("stage"), Reason: v.Get("reason"), Host: v.Get("host")}
	after, _ := strconv.ParseUint(v.Get("after"), 10, 64) // not a number: start at the beginning
	briefs, next, err := s.DeadLetters(r.Context(), filter, after, deadLettersPerPage)
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page := deadLettersPage{DeadLetters: briefs, Filter: filter}
	if next > 0 {
		page.Next = "/dead-letters?" + url.Values{
			"stage": {filter.Stage}, "reason": {filter.Reason}, "host": {filter.Host},
			"after": {strconv.FormatUint(next, 10)},
		}.Encode()
	}
	s.show(w, r, http.StatusOK, "deadletters", "Dead letters", page)
}

func (s *site) requeue(w http.ResponseWriter, r *http.Request) {
	s.changeDeadLetter(w, r, "requeue", deadletter.Stream.Requeue)
}

func (s *site) drop(w http.ResponseWriter, r *http.Request) {
	s.changeDeadLetter(w, r, "drop", deadletter.Stream.Drop)
}

// changeDeadLetter changes the dead letter that the path names, and shows the
// dead letters that are left.
func (s *site) changeDeadLetter(w http.ResponseWriter, r *http.Request, operation string,
	change func(deadletter.Stream, context.Context, deadletter.Letter) error,
) {
	number, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
	if err != nil {
		s.showError(w, r, http.StatusNotFound, fmt.Errorf("%q is not the number of a dead letter", r.PathValue("number")))
		return
	}
	letters, err := s.OpenDeadLetters(r.Context())
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	letter, err := letters.Get(r.Context(), number)
	if err != nil {
		s.showError(w, r, http.StatusNotFound, err)
		return
	}
	if err := change(letters, r.Context(), letter); err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	s.log.Info("dead letter changed", "operation", operation, "number", number, "url", letter.GetUrl())
	http.Redirect(w, r, "/dead-letters", http.StatusSeeOther)
}
