package targets

import (
	"errors"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/webhook"
)

// TestOutcomesOfAnswers has the first and the last status of each kind.
func TestOutcomesOfAnswers(t *testing.T) {
	const redirect = ", a redirect that is not followed: use the URL that it leads to"
	for status, want := range map[int]Outcome{
		199: {Detail: "the target has answered 199: late"},
		200: {Result: Delivered},
		299: {Result: Delivered},
		300: {Detail: "the target has answered 300" + redirect + ": late"},
		399: {Detail: "the target has answered 399" + redirect + ": late"},
		400: {Detail: "the target has answered 400: late"},
		410: {Result: Gone, Detail: "the target has answered 410: it wants nothing more"},
	} {
		want.Status, want.RetryAfter = status, 3*time.Second
		got := outcomeOf(webhook.Answer{Status: status, Excerpt: "late", RetryAfter: 3 * time.Second}, nil)
		if got != want {
			t.Errorf("status %d: %+v, want %+v", status, got, want)
		}
	}
	if got := outcomeOf(webhook.Answer{Status: 500}, nil); got.Detail != "the target has answered 500" {
		t.Errorf("an answer without a body: %+v", got)
	}
	got := outcomeOf(webhook.Answer{Status: 200}, errors.New("cut off"))
	if got.Result != Retry || got.Detail != "cut off" {
		t.Errorf("an answer that ends early: %+v", got)
	}
}

// TestAddressesOfSMTPServers has the first and the last port, and those beyond them.
func TestAddressesOfSMTPServers(t *testing.T) {
	for server, want := range map[string]bool{
		"smtp.example.com:1": true, "smtp.example.com:0": false, "smtp.example.com:65535": true,
		"smtp.example.com:65536": false, ":25": false, "smtp.example.com:smtp": false, "[::1]:25": true,
	} {
		config := SMTPConfig{Server: server, From: "news@example.com", Security: SecurityStartTLS}
		if err := config.Validate(); (err == nil) != want {
			t.Errorf("%s: %v", server, err)
		}
	}
	for name, config := range map[string]SMTPConfig{
		"a password without encryption": {
			Server: "a.example:25", From: "news@example.com", Security: SecurityNone, Password: "x",
		},
		"no sender":           {Server: "a.example:25", Security: SecurityTLS},
		"no unsubscribe":      {Server: "a.example:25", From: "news@example.com", Unsubscribe: "desk", Security: SecurityTLS},
		"no kind of security": {Security: "ssl"},
	} {
		if config.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for _, unsubscribe := range []string{"", "leave@example.com"} {
		config := SMTPConfig{From: "news@example.com", Unsubscribe: unsubscribe}
		if got := config.unsubscribe(); got != unsubscribe && (unsubscribe != "" || got != config.From) {
			t.Errorf("the address to unsubscribe is %q", got)
		}
	}
}
