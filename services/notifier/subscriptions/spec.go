// Package subscriptions keeps subscriptions and their deliveries in tables of the store.
package subscriptions

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/forms"
)

// ErrSpec means that a subscription cannot be as it is specified. The message says why.
var ErrSpec = errors.New("the subscription is unusable")

// The events of an article.
const (
	New     = "new"
	Changed = "changed"
	Erased  = "erased"
)

// Events returns all events.
func Events() []string { return []string{New, Changed, Erased} }

// The limits of a subscription.
const (
	maxConcurrency     = 16
	defaultConcurrency = 4
)

var namePattern = regexp.MustCompile(`^[\pL\pN][\pL\pN._-]{0,63}$`)

// Spec is what users specify about a subscription, besides its secrets.
type Spec struct {
	Name  string `json:"name" yaml:"name"`
	Query Query  `json:"query" yaml:"query"`
	// To is the URL of the target.
	To string `json:"to" yaml:"to"`
	// Events are those that are delivered. None means all.
	Events []string `json:"events,omitempty" yaml:"events,omitempty"`
	// Concurrency is the maximum number of requests to the target at a time. 0 means 4.
	Concurrency int `json:"concurrency,omitempty" yaml:"concurrency,omitempty"`
	// Form is one of package forms. Empty means forms.Dateline.
	Form string `json:"form,omitempty" yaml:"form,omitempty"`
	// Template is the template of the form forms.Template.
	Template string `json:"template,omitempty" yaml:"template,omitempty"`
	// Rate is the maximum number of deliveries in a second or minute, such as 5/s or 30/m. Empty means no limit.
	Rate string `json:"rate,omitempty" yaml:"rate,omitempty"`
	// Every collects deliveries: PerMinute, PerHour or PerDay. Empty means that each e-mail is sent at once, and that
	// files are written every minute. Other targets collect nothing.
	Every string `json:"every,omitempty" yaml:"every,omitempty"`
	// FirstOfStory delivers only the first matching article of each story, and no copies of it.
	FirstOfStory bool `json:"first_of_story,omitempty" yaml:"first_of_story,omitempty"`
}

// Query is a search whose new results are delivered. The fields are those of store.Query and
// store.Filter.
type Query struct {
	Text      string     `json:"text,omitempty" yaml:"text,omitempty"`
	Hosts     []string   `json:"hosts,omitempty" yaml:"hosts,omitempty"`
	Languages []string   `json:"languages,omitempty" yaml:"languages,omitempty"`
	Sections  []string   `json:"sections,omitempty" yaml:"sections,omitempty"`
	Authors   []string   `json:"authors,omitempty" yaml:"authors,omitempty"`
	Tags      []string   `json:"tags,omitempty" yaml:"tags,omitempty"`
	Labels    []string   `json:"labels,omitempty" yaml:"labels,omitempty"`
	Access    []string   `json:"access,omitempty" yaml:"access,omitempty"`
	From      *time.Time `json:"from,omitempty" yaml:"from,omitempty"`
	Before    *time.Time `json:"before,omitempty" yaml:"before,omitempty"`
}

// NewQuery returns the query with a text and a filter.
func NewQuery(text string, f store.Filter) Query {
	q := Query{
		Text: text, Hosts: f.Hosts, Languages: f.Languages, Sections: f.Sections, Authors: f.Authors,
		Tags: f.Tags, Labels: f.Labels,
	}
	for _, access := range f.Access {
		q.Access = append(q.Access, store.AccessName(access))
	}
	if !f.From.IsZero() {
		q.From = &f.From
	}
	if !f.Before.IsZero() {
		q.Before = &f.Before
	}
	return q
}

// Search returns the query in the form of the store.
func (q Query) Search() (store.Query, error) {
	filter := store.Filter{
		Hosts: q.Hosts, Languages: q.Languages, Sections: q.Sections, Authors: q.Authors, Tags: q.Tags, Labels: q.Labels,
	}
	if q.From != nil {
		filter.From = *q.From
	}
	if q.Before != nil {
		filter.Before = *q.Before
	}
	for _, word := range q.Access {
		access, err := store.ParseAccess(word)
		if err != nil {
			return store.Query{}, err
		}
		filter.Access = append(filter.Access, access)
	}
	return store.Query{Text: q.Text, Filter: filter}, nil
}

// IsWanted reports whether an event is delivered.
func (s Spec) IsWanted(event string) bool {
	return len(s.Events) == 0 || slices.Contains(s.Events, event)
}

// Parallel returns the maximum number of requests at a time.
func (s Spec) Parallel() int { return cmp.Or(s.Concurrency, defaultConcurrency) }

// Validate reports everything that cannot work. The error is ErrSpec.
func (s Spec) Validate() error {
	var problems []error
	if !namePattern.MatchString(s.Name) {
		problems = append(problems, fmt.Errorf(
			"its name is %.80q: use up to 64 letters, digits, dots, hyphens and underscores", s.Name))
	}
	query, err := s.Query.Search()
	if err == nil {
		err = store.CheckStanding(query)
	}
	if err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, s.checkTarget(), s.checkPace(), forms.Check(s.Form, s.Template))
	for _, event := range s.Events {
		if !slices.Contains(Events(), event) {
			problems = append(problems, fmt.Errorf("%.40q is not an event: use %s", event, strings.Join(Events(), ", ")))
		}
	}
	if s.Concurrency < 0 || s.Concurrency > maxConcurrency {
		problems = append(problems, fmt.Errorf("its concurrency is %d: use 1 to %d", s.Concurrency, maxConcurrency))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return nil
}
