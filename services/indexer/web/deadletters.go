package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// deadLettersPerPage is the number of dead letters on a page.
const deadLettersPerPage = 50

type deadLettersPage struct {
	DeadLetters []deadletter.Brief
	Next        string
	Filter      deadletter.Filter
	// GivenUp is the number of deliveries that were given up. Deliveries are those on this page, if the filter selects
	// the stage of the notifier.
	GivenUp    int64
	IsNotify   bool
	Deliveries []subscriptions.GivenUp
}

func (s *site) deadLetters(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	if v.Get("stage") == subscriptions.Stage {
		s.givenUp(w, r)
		return
	}
	filter := deadletter.Filter{Stage: v.Get("stage"), Reason: v.Get("reason"), Host: v.Get("host")}
	after, _ := strconv.ParseUint(v.Get("after"), 10, 64) // not a number: start at the beginning
	briefs, next, err := s.DeadLetters(r.Context(), filter, after, deadLettersPerPage)
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page := deadLettersPage{DeadLetters: briefs, Filter: filter}
	if page.GivenUp, err = s.Subscriptions().CountGivenUp(r.Context()); err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	if next > 0 {
		page.Next = "/dead-letters?" + url.Values{
			"stage": {filter.Stage}, "reason": {filter.Reason}, "host": {filter.Host},
			"after": {strconv.FormatUint(next, 10)},
		}.Encode()
	}
	s.show(w, r, http.StatusOK, "deadletters", "Dead letters", page)
}

// givenUp shows the deliveries that were given up.
func (s *site) givenUp(w http.ResponseWriter, r *http.Request) {
	after, _ := subscriptions.ParseNumber(r.URL.Query().Get("after")) // not a number: start at the beginning
	found, err := s.Subscriptions().GivenUp(r.Context(), after, deadLettersPerPage)
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	for i := range found {
		if roleOf(r.Context()) != operator {
			found[i].Detail = subscriptions.WithoutAnswer(found[i].Detail)
		}
	}
	page := deadLettersPage{
		IsNotify: true, Deliveries: found, Filter: deadletter.Filter{Stage: subscriptions.Stage},
	}
	if len(found) == deadLettersPerPage {
		page.Next = "/dead-letters?" + url.Values{
			"stage": {subscriptions.Stage}, "after": {found[len(found)-1].Number},
		}.Encode()
	}
	s.show(w, r, http.StatusOK, "deadletters", "Dead letters", page)
}

func (s *site) requeue(w http.ResponseWriter, r *http.Request) {
	s.changeDead(w, r, "requeue", deadletter.Stream.Requeue, (*subscriptions.Subscriptions).RequeueGivenUp)
}

func (s *site) drop(w http.ResponseWriter, r *http.Request) {
	s.changeDead(w, r, "drop", deadletter.Stream.Drop, (*subscriptions.Subscriptions).DropGivenUp)
}

// changeDead changes the dead letter or the delivery that the path names.
func (s *site) changeDead(w http.ResponseWriter, r *http.Request, operation string,
	changeLetter func(deadletter.Stream, context.Context, deadletter.Letter) error,
	changeDelivery func(*subscriptions.Subscriptions, context.Context, int64, time.Time) error,
) {
	id, ok := subscriptions.ParseNumber(r.PathValue("number"))
	if !ok {
		s.changeDeadLetter(w, r, operation, changeLetter)
		return
	}
	if err := changeDelivery(s.Subscriptions(), r.Context(), id, time.Now()); err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	s.log.Info("dead letter changed", "operation", operation, "delivery", id)
	http.Redirect(w, r, "/dead-letters?stage="+subscriptions.Stage, http.StatusSeeOther)
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
