package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// subscriptionForm is a form to add or edit a subscription. Secrets are only written.
type subscriptionForm struct {
	subscriptions.Spec
	Q string
	// Filters are the other filters of the search, and an empty one for each field.
	Filters []choice
	Forms   []string
	Periods []string
	// AllEvents are the events that can be selected.
	AllEvents []string
	// IsNew reports whether the form adds a subscription.
	IsNew bool
}

// filterFields are the fields by which a subscription can be filtered.
var filterFields = []string{"host", "language", "section", "author", "tag", "label", "access", "since", "before"}

// newSubscriptionForm returns a form that is filled in with a search and a name.
func newSubscriptionForm(search url.Values, name string) subscriptionForm {
	form := editForm(subscriptions.Spec{Name: nameFrom(name)}, search)
	form.IsNew = true
	return form
}

// editForm returns a form that is filled in with a subscription, as it is shown, and its search.
func editForm(shown subscriptions.Spec, search url.Values) subscriptionForm {
	form := subscriptionForm{
		Spec: shown, Q: search.Get("q"), Forms: forms.All(), AllEvents: subscriptions.Events(),
		Periods: []string{subscriptions.PerMinute, subscriptions.PerHour, subscriptions.PerDay},
	}
	for _, field := range filterFields {
		for _, value := range search[field] {
			form.Filters = append(form.Filters, choice{Field: field, Name: value})
		}
		if single := field == "since" || field == "before"; !single || len(search[field]) == 0 {
			form.Filters = append(form.Filters, choice{Field: field})
		}
	}
	return form
}

// HasFilters reports whether a filter has a value.
func (f subscriptionForm) HasFilters() bool {
	return slices.ContainsFunc(f.Filters, func(c choice) bool { return c.Name != "" })
}

// notInName matches what a name of a subscription cannot have.
var notInName = regexp.MustCompile(`[^\pL\pN._-]+`)

// nameFrom returns a name for a subscription from that of a search.
func nameFrom(text string) string { return strings.Trim(notInName.ReplaceAllString(text, "-"), "-._") }

// errConcurrency means that a form has no number of requests.
var errConcurrency = errors.New("the number of requests at a time is not a number: use 1 to 16, or leave it empty")

// specOf returns the subscription that a form describes, and the secrets. They are nil if the subscription keeps those
// that it has.
func specOf(r *http.Request) (spec subscriptions.Spec, secrets []string, err error) {
	_ = r.ParseForm() // the body is in memory; what cannot be parsed is empty, and refused later
	query, err := api.FiltersOf(r.PostForm).Query()
	if err != nil {
		return spec, nil, err
	}
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	spec = subscriptions.Spec{
		Name: field("name"), Query: subscriptions.NewQuery(query.Text, query.Filter), To: field("to"), Form: field("form"),
		// Browsers send line breaks as CRLF.
		Template: strings.ReplaceAll(r.PostFormValue("template"), "\r\n", "\n"),
		Rate:     field("rate"), Every: field("every"), FirstOfStory: r.PostFormValue("first_of_story") != "",
	}
	if events := r.PostForm["event"]; len(events) < len(subscriptions.Events()) {
		spec.Events = events
	}
	if text := field("concurrency"); text != "" {
		if spec.Concurrency, err = strconv.Atoi(text); err != nil {
			return spec, nil, fmt.Errorf("%w: %.40q", errConcurrency, text)
		}
	}
	switch secret := field("secret"); {
	case secret != "":
		secrets = []string{secret}
	case r.PostFormValue("unsigned") != "":
		secrets = []string{}
	}
	return spec, secrets, nil
}

// addSubscription adds the subscription that a form describes.
func (s *site) addSubscription(w http.ResponseWriter, r *http.Request) {
	spec, secrets, err := specOf(r)
	if err != nil {
		s.showError(w, r, http.StatusBadRequest, err)
		return
	}
	if err := s.Subscriptions().Add(r.Context(), spec, secrets, time.Now()); err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	s.log.Info("subscription changed", "operation", "add", "subscription", spec.Name)
	http.Redirect(w, r, "/subscriptions/"+url.PathEscape(spec.Name), http.StatusSeeOther)
}

// editSubscription replaces a subscription by the one that a form describes. It keeps its name, its deliveries, the
// part of the target that is not shown, and its secrets unless the form has others.
func (s *site) editSubscription(w http.ResponseWriter, r *http.Request) {
	spec, secrets, err := specOf(r)
	if err != nil {
		s.showError(w, r, http.StatusBadRequest, err)
		return
	}
	spec.Name = r.PathValue("name")
	if _, err = s.Subscriptions().Get(r.Context(), spec.Name); err == nil {
		spec, err = s.Subscriptions().Complete(r.Context(), spec)
	}
	if err == nil {
		err = s.Subscriptions().Put(r.Context(), spec, secrets, time.Now())
	}
	if err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	s.log.Info("subscription changed", "operation", "edit", "subscription", spec.Name)
	http.Redirect(w, r, "/subscriptions/"+url.PathEscape(spec.Name), http.StatusSeeOther)
}
