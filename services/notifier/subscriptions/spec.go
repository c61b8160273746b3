// Package subscriptions keeps subscriptions and their deliveries in tables of the store.
package subscriptions

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
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
	maxTargetBytes     = 2 << 10
	maxConcurrency     = 16
	defaultConcurrency = 4
	maxSecrets         = 4
	minSecretBytes     = 24
	maxSecretBytes     = 64
)

// secretPrefix starts secrets, as in Standard Webhooks.
const secretPrefix = "whsec_"

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
	if err := checkTarget(s.To); err != nil {
		problems = append(problems, err)
	}
	for _, event := range s.Events {
		if !slices.Contains(Events(), event) {
			problems = append(problems, fmt.Errorf("%.40q is not an event: use %s", event, strings.Join(Events(), ", ")))
		}
	}
	if s.Concurrency < 0 || s.Concurrency > maxConcurrency {
		problems = append(problems, fmt.Errorf("its concurrency is %d: use 1 to %d", s.Concurrency, maxConcurrency))
	}
	if err := forms.Check(s.Form, s.Template); err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w: %w", ErrSpec, errors.Join(problems...))
	}
	return nil
}

// hiddenPart stands for a part of a URL that is not shown.
const hiddenPart = "…"

// Shown returns the specification without the secret parts of its target: the path of the web hook of a chat and the
// parameters of any other. Putting it keeps the target, if that has not changed meanwhile.
func (s Spec) Shown() Spec {
	target, err := url.Parse(s.To)
	switch {
	case err != nil:
		s.To = hiddenPart
	case forms.IsChat(s.Form):
		s.To = target.Scheme + "://" + target.Host + "/" + hiddenPart
	case target.RawQuery != "" && (target.Scheme == "https" || target.Scheme == "http"):
		target.RawQuery = ""
		s.To = target.String() + "?" + hiddenPart
	}
	return s
}

func checkTarget(raw string) error {
	target, err := url.Parse(raw)
	switch {
	case strings.Contains(raw, hiddenPart):
		return errors.New("its target is not whole: give the URL with the part that is not shown")
	case err != nil || len(raw) > maxTargetBytes:
		return fmt.Errorf("its target is not a URL of at most %d bytes", maxTargetBytes)
	case target.Scheme != "https" && target.Scheme != "http" || target.Hostname() == "":
		return fmt.Errorf("its target is %.200q: use the URL of a web hook, such as https://hooks.example.com/in",
			target.Redacted())
	case target.User != nil || target.Fragment != "":
		return errors.New("its target has a user or a fragment: remove it; requests are authenticated by their signature")
	}
	return nil
}

// ParseSecrets returns the secrets of a file: one per line, as in Standard Webhooks: base64 of 24 to 64
// bytes after whsec_. The error is ErrSpec and does not contain the secrets.
func ParseSecrets(text string) ([]string, error) {
	var all []string
	for i, line := range slices.Collect(strings.Lines(text)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if _, err := Key(line); err != nil {
			return nil, fmt.Errorf("%w: the secret in line %d %w", ErrSpec, i+1, err)
		}
		all = append(all, line)
	}
	if len(all) == 0 || len(all) > maxSecrets {
		return nil, fmt.Errorf("%w: it has %d secrets: use 1, or up to %d while you replace one; "+
			"create one with: echo whsec_$(openssl rand -base64 32)", ErrSpec, len(all), maxSecrets)
	}
	return all, nil
}

// Key returns the key of a secret.
func Key(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || !strings.HasPrefix(secret, secretPrefix) || len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return nil, fmt.Errorf("is not %s and the base64 of %d to %d bytes: create one with: "+
			"echo whsec_$(openssl rand -base64 32)", secretPrefix, minSecretBytes, maxSecretBytes)
	}
	return key, nil
}
