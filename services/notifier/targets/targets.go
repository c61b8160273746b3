// Package targets sends events to the targets of subscriptions.
package targets

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/webhook"
)

// Item is an event that is delivered.
type Item struct {
	// ID is that of the delivery.
	ID    int64
	Event forms.Event
	// Message is the event in the form of the subscription. Targets with forms of their own ignore it.
	Message forms.Message
}

// Result is how a delivery ended.
type Result int

// The results.
const (
	// Retry means that the delivery is repeated.
	Retry Result = iota
	Delivered
	// Gone means that the target wants nothing more.
	Gone
	// Failed means that the target never accepts this event, but may accept others.
	Failed
)

// Outcome is the result of a delivery, and the reason.
type Outcome struct {
	Result Result
	// Status is that of the answer, or 0.
	Status int
	Detail string
	// RetryAfter is how long the target asks to wait, or 0.
	RetryAfter time.Duration
}

// Target sends to targets of a kind. Every call is bounded by a timeout.
type Target interface {
	// Check returns an error if nothing can be sent to the target of a subscription with the present settings.
	Check(spec subscriptions.Spec) error
	// Send sends items together, and returns the outcome of each. There is a single item unless the subscription
	// collects deliveries.
	Send(ctx context.Context, s subscriptions.Subscription, items []Item) []Outcome
	// Preview returns what Send would send, without secrets.
	Preview(s subscriptions.Subscription, items []Item) (string, error)
	Close()
}

// Config configures the targets.
type Config struct {
	// AllowHosts are the hosts that may be private and unencrypted.
	AllowHosts []string
	// Timeout bounds a call of Send.
	Timeout time.Duration
	// Files is the folder or s3://BUCKET/PREFIX below which files are written, or "".
	Files string
	SMTP  SMTPConfig
}

// Dependencies are what targets use.
type Dependencies struct {
	// JS is a connection to NATS, or nil if nothing is published.
	JS jetstream.JetStream
	// S3 is the service of buckets.
	S3 objects.Config
}

// Targets are the targets of all kinds. Create them with New.
type Targets struct{ kinds map[string]Target }

// New returns the targets.
func New(config Config, deps Dependencies) (*Targets, error) {
	place, err := placeOf(config.Files, deps.S3)
	if err != nil {
		return nil, err
	}
	client := webhook.NewClient(config.AllowHosts, config.Timeout)
	return &Targets{map[string]Target{
		subscriptions.KindWebHook: hooks{client},
		subscriptions.KindNtfy:    topics{client},
		subscriptions.KindNATS:    subjects{deps.JS, config.Timeout},
		subscriptions.KindMail:    mails{config.SMTP, config.Timeout},
		subscriptions.KindFiles:   files{place, config.Timeout},
	}}, nil
}

// Of returns the target of a subscription.
func (t *Targets) Of(spec subscriptions.Spec) (Target, error) {
	if target := t.kinds[spec.Kind()]; target != nil {
		return target, nil
	}
	return nil, fmt.Errorf("there is no target of the kind %q", spec.Kind())
}

// Close closes idle connections.
func (t *Targets) Close() {
	for _, target := range t.kinds {
		target.Close()
	}
}

// same returns the same outcome for all items.
func same(items []Item, outcome Outcome) []Outcome {
	all := make([]Outcome, len(items))
	for i := range all {
		all[i] = outcome
	}
	return all
}

var errSingle = errors.New("this target takes one event at a time")

// outcomeOf returns what the answer of an HTTP server means.
func outcomeOf(answer webhook.Answer, err error) Outcome {
	outcome := Outcome{Status: answer.Status, RetryAfter: answer.RetryAfter}
	switch {
	case err != nil:
		outcome.Detail = err.Error()
		return outcome
	case answer.OK():
		outcome.Result = Delivered
		return outcome
	}
	outcome.Detail = subscriptions.Answered(answer.Status)
	switch {
	case answer.Status >= 300 && answer.Status <= 399:
		outcome.Detail += ", a redirect that is not followed: use the URL that it leads to"
	case answer.IsGone():
		outcome.Result = Gone
		outcome.Detail += ": it wants nothing more"
		return outcome
	}
	if answer.Excerpt != "" {
		outcome.Detail += ": " + answer.Excerpt
	}
	return outcome
}
