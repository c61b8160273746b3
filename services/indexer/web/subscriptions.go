package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/sample"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

const (
	// subscriptionsPerPage is the number of subscriptions on a page. The newest deliveries of each are read.
	subscriptionsPerPage = 50
	deliveriesPerPage    = 50
)

// subscriptionsPage lists the subscriptions, and has a form to add one.
type subscriptionsPage struct {
	Rows []api.Subscription
	Next string
	// Form is the form to add a subscription, filled in with the search of the parameters, if there is one.
	Form     subscriptionForm
	IsFilled bool
}

func (s *site) registerSubscriptions(mux *http.ServeMux) {
	mux.HandleFunc("GET /subscriptions", s.subscriptions)
	mux.HandleFunc("POST /subscriptions", s.addSubscription)
	mux.HandleFunc("GET /subscriptions/{name}", s.subscription)
	mux.HandleFunc("GET /subscriptions/{name}/deliveries/{id}", s.delivery)
	for operation, change := range map[string]func(context.Context, *subscriptions.Subscriptions, string,
		url.Values) error{
		"resume": func(ctx context.Context, all *subscriptions.Subscriptions, name string, _ url.Values) error {
			return all.Resume(ctx, name, time.Now())
		},
		"remove": func(ctx context.Context, all *subscriptions.Subscriptions, name string, _ url.Values) error {
			return all.Remove(ctx, name)
		},
		"replay": replayDeliveries,
	} {
		mux.HandleFunc("POST /subscriptions/{name}/"+operation, s.changeSubscription(operation, change))
	}
	mux.HandleFunc("POST /subscriptions/{name}/edit", s.editSubscription)
	mux.HandleFunc("POST /subscriptions/{name}/test", s.testSubscription)
	mux.HandleFunc("POST /subscriptions/{name}/deliveries/{id}/resend", s.resendDelivery)
}

func (s *site) subscriptions(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	found, err := s.Subscriptions().List(r.Context(), v.Get("after"), subscriptionsPerPage)
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	filters := api.FiltersOf(v)
	if _, err := filters.Query(); err != nil {
		s.showLibraryError(w, r, fmt.Errorf("%w: %w", store.ErrQuery, err))
		return
	}
	page := subscriptionsPage{Form: newSubscriptionForm(filters.Values(), v.Get("name"))}
	page.IsFilled = page.Form.Q != "" || page.Form.HasFilters()
	for _, one := range found {
		row, err := s.shownSubscription(r.Context(), one)
		if err != nil {
			s.showLibraryError(w, r, err)
			return
		}
		page.Rows = append(page.Rows, row)
	}
	if len(found) == subscriptionsPerPage {
		page.Next = "/subscriptions?" + url.Values{"after": {found[len(found)-1].Name}}.Encode()
	}
	s.show(w, r, http.StatusOK, "subscriptions", "Subscriptions", page)
}

func (s *site) shownSubscription(ctx context.Context, one subscriptions.Subscription) (api.Subscription, error) {
	health, err := s.Subscriptions().Health(ctx, one.ID)
	return api.ShownSubscription(one, health, roleOf(ctx) == operator), err
}

// subscriptionPage is the page of a subscription with its deliveries.
type subscriptionPage struct {
	api.Subscription
	// Search is the URL of the search, and Filters are its parts.
	Search     string
	Filters    []choice
	Deliveries []deliveryRow
	Next       string
	// Sample is the sample that was just sent, or nil, and Request the request of a delivery, or empty.
	Sample  *sample.Result
	Request string
	// Form is the form to edit it.
	Form subscriptionForm
}

// deliveryRow is a delivery with the time from the event to its end.
type deliveryRow struct {
	subscriptions.Delivery
	Took string
}

func (s *site) subscription(w http.ResponseWriter, r *http.Request) {
	s.showSubscription(w, r, subscriptionPage{})
}

// delivery shows a subscription with the request of a delivery.
func (s *site) delivery(w http.ResponseWriter, r *http.Request) {
	request, err := s.DeliveryRequest(r.Context(), r.PathValue("name"), positive(r.PathValue("id")))
	if err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	s.showSubscription(w, r, subscriptionPage{Request: request})
}

// testSubscription has the notifier send a sample, and shows it above the deliveries.
func (s *site) testSubscription(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	_, err := s.Subscriptions().Get(r.Context(), name)
	var result sample.Result
	if err == nil {
		result, err = s.Sample(r.Context(), name)
	}
	if err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	s.log.Info("sample sent", "subscription", name, "accepted", result.Accepted)
	result = result.Shown(roleOf(r.Context()) == operator)
	s.showSubscription(w, r, subscriptionPage{Sample: &result})
}

// showSubscription shows a subscription with its deliveries, and what the page has already.
func (s *site) showSubscription(w http.ResponseWriter, r *http.Request, page subscriptionPage) {
	name := r.PathValue("name")
	one, err := s.Subscriptions().Get(r.Context(), name)
	if err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	if page.Subscription, err = s.shownSubscription(r.Context(), one); err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	log, err := s.Subscriptions().Log(r.Context(), name, positive(r.URL.Query().Get("before")), deliveriesPerPage)
	if err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	for _, d := range api.ShownDeliveries(log, roleOf(r.Context()) == operator) {
		row := deliveryRow{Delivery: d}
		if !d.EndTime.IsZero() {
			row.Took = age(max(0, d.EndTime.Sub(d.EventTime)))
		}
		page.Deliveries = append(page.Deliveries, row)
	}
	if len(log) == deliveriesPerPage {
		page.Next = fmt.Sprintf("/subscriptions/%s?before=%d", url.PathEscape(name), log[len(log)-1].ID)
	}
	search := searchOf(one.Query)
	page.Search = "/?" + search.Encode()
	page.Form = editForm(page.Spec, search)
	for _, field := range sortedNames(search) {
		for _, value := range search[field] {
			page.Filters = append(page.Filters, choice{Field: field, Name: value})
		}
	}
	s.show(w, r, http.StatusOK, "subscription", "Subscription "+one.Name, page)
}

// searchOf returns the parameters of the search that a subscription delivers.
func searchOf(q subscriptions.Query) url.Values {
	filters := api.Filters{
		Q: q.Text, Host: q.Hosts, Language: q.Languages, Section: q.Sections, Author: q.Authors, Tag: q.Tags,
		Label: q.Labels, Access: q.Access,
	}
	if q.From != nil {
		filters.Since = q.From.Format(time.RFC3339)
	}
	if q.Before != nil {
		filters.Before = q.Before.Format(time.RFC3339)
	}
	return filters.Values()
}

// replayDeliveries repeats the deliveries of events since a time of a form.
func replayDeliveries(
	ctx context.Context, all *subscriptions.Subscriptions, name string, form url.Values,
) error {
	since, err := time.Parse("2006-01-02T15:04", form.Get("since"))
	if err != nil {
		return fmt.Errorf("%w: since is not a time such as 2026-11-29T12:00", store.ErrQuery)
	}
	_, err = all.Replay(ctx, name, since, time.Now())
	return err
}

// changeSubscription returns a handler that changes a subscription. It then shows it, or the list on request of a form.
func (s *site) changeSubscription(
	operation string, change func(context.Context, *subscriptions.Subscriptions, string, url.Values) error,
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, next := r.PathValue("name"), local(r.PostFormValue("next"))
		if err := change(r.Context(), s.Subscriptions(), name, r.PostForm); err != nil {
			s.showSubscriptionError(w, r, err)
			return
		}
		s.log.Info("subscription changed", "operation", operation, "subscription", name)
		if next == "/" {
			next = "/subscriptions/" + url.PathEscape(name)
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
	}
}

func (s *site) resendDelivery(w http.ResponseWriter, r *http.Request) {
	name, id := r.PathValue("name"), positive(r.PathValue("id"))
	if err := s.Subscriptions().Resend(r.Context(), name, id, time.Now()); err != nil {
		s.showSubscriptionError(w, r, err)
		return
	}
	s.log.Info("subscription changed", "operation", "resend", "subscription", name, "delivery", id)
	http.Redirect(w, r, "/subscriptions/"+url.PathEscape(name), http.StatusSeeOther)
}

// positive returns the positive number in a text, or 0.
func positive(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64) // 0 stands for what is not a number
	return max(0, n)
}

// showSubscriptionError shows an error of subscriptions, with the status that belongs to it.
func (s *site) showSubscriptionError(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, sample.ErrBusy):
		s.showError(w, r, http.StatusTooManyRequests, err)
	case errors.Is(err, sample.ErrNoNotifier), errors.Is(err, sample.ErrNoAnswer):
		s.showError(w, r, http.StatusServiceUnavailable, err)
	case errors.Is(err, subscriptions.ErrNotFound):
		s.showError(w, r, http.StatusNotFound, err)
	case errors.Is(err, subscriptions.ErrSpec):
		s.showError(w, r, http.StatusBadRequest, err)
	case errors.Is(err, subscriptions.ErrExists):
		s.showError(w, r, http.StatusConflict, err)
	default:
		s.showLibraryError(w, r, err)
	}
}
