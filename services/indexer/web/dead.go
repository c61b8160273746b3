package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/dateline-news/dateline/internal/deadletter"
)

// lettersPerPage is how many dead letters a page shows.
const lettersPerPage = 50

type deadPage struct {
	Letters []deadletter.Brief
	Next    string
	Filter  deadletter.Filter
}

func (s *site) dead(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	filter := deadletter.Filter{Stage: v.Get("stage"), Reason: v.Get("reason"), Host: v.Get("host")}
	after, _ := strconv.ParseUint(v.Get("after"), 10, 64) // the beginning for what is no number
	letters, err := s.library.DeadLetters(r.Context(), filter, after, lettersPerPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	page := deadPage{Letters: letters, Filter: filter}
	if len(letters) == lettersPerPage {
		page.Next = "/dead-letters?" + url.Values{"stage": {filter.Stage}, "reason": {filter.Reason}, "host": {filter.Host},
			"after": {strconv.FormatUint(letters[len(letters)-1].Number, 10)}}.Encode()
	}
	s.show(w, r, http.StatusOK, "dead", "Dead letters", page)
}

func (s *site) requeue(w http.ResponseWriter, r *http.Request) {
	s.operate(w, r, "requeue", deadletter.Letters.Requeue)
}

func (s *site) drop(w http.ResponseWriter, r *http.Request) {
	s.operate(w, r, "drop", deadletter.Letters.Drop)
}

func (s *site) operate(w http.ResponseWriter, r *http.Request, name string, do func(deadletter.Letters, context.Context, deadletter.Letter) error) {
	number, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
	if err != nil {
		s.fail(w, r, http.StatusNotFound, fmt.Errorf("%q is no number of a dead letter", r.PathValue("number")))
		return
	}
	letters, err := s.library.OpenDeadLetters(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	letter, err := letters.Get(r.Context(), number)
	if err != nil {
		s.fail(w, r, http.StatusNotFound, err)
		return
	}
	if err := do(letters, r.Context(), letter); err != nil {
		s.failed(w, r, err)
		return
	}
	s.log.Info("a dead letter was operated on", "operation", name, "number", number, "url", letter.GetUrl())
	http.Redirect(w, r, "/dead-letters", http.StatusSeeOther)
}
