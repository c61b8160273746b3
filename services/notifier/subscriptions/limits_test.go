package subscriptions_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// TestLimitsOfSubscriptions has values that are just within a limit, and just beyond it.
func TestLimitsOfSubscriptions(t *testing.T) {
	type s = subscriptions.Spec
	const hook = "https://hooks.example.com/in"
	long := func(n int) string { return hook + strings.Repeat("x", n-len(hook)) }
	for _, c := range []struct {
		spec  s
		valid bool
	}{
		{s{}, true},
		{s{Name: strings.Repeat("é", 64)}, true},
		{s{Name: strings.Repeat("é", 65)}, false},
		{s{Name: ".a"}, false},
		{s{Concurrency: 16}, true},
		{s{Concurrency: 17}, false},
		{s{Concurrency: -1}, false},
		{s{Events: []string{"new", "changed", "erased"}}, true},
		{s{Events: []string{"new", "other"}}, false},
		{s{To: long(2048)}, true},
		{s{To: long(2049)}, false},
		{s{To: "https:///in"}, false},
		{s{To: "https://user@hooks.example.com/"}, false},
		{s{To: hook + "#part"}, false},
		{s{To: hook + "?…"}, false},
		{s{To: "ftp://hooks.example.com/"}, false},
		{s{Form: "csv"}, false},
		{s{Rate: "9999/s"}, true},
		{s{Rate: "10000/s"}, false},
		{s{Rate: "1/m"}, true},
		{s{Rate: "0/m"}, false},
		{s{Rate: "5/h"}, false},
		{s{Every: "hour"}, false},
		{s{To: "mailto:a@example.com", Every: "hour"}, true},
		{s{To: "mailto:a@example.com", Every: "year"}, false},
		{s{To: "mailto:a@example.com", Every: "hour", Rate: "5/s"}, false},
		{s{To: "mailto:a@example.com", Rate: "5/s"}, true},
		{s{To: "mailto:a@example.com", Form: "template", Template: "x"}, false},
		{s{To: "mailto:" + strings.Repeat("a@example.com,", 19) + "a@example.com"}, true},
		{s{To: "mailto:" + strings.Repeat("a@example.com,", 20) + "a@example.com"}, false},
		{s{To: "mailto:a@example.com?cc=b@example.com"}, false},
		{s{To: "mailto:A <a@example.com>"}, false},
		{s{To: "files:a/b/c/d"}, true},
		{s{To: "files:a/b/c/d/e"}, false},
		{s{To: "files:a/../b"}, false},
		{s{To: "files:a", Form: "csv"}, true},
		{s{To: "files:a", Form: "slack"}, false},
		{s{To: "files:a", Rate: "5/s"}, false},
		{s{To: "files:a", Every: "day"}, true},
		{s{To: "nats:deliveries.a"}, true},
		{s{To: "nats:deliveries.a", Form: "slack"}, false},
		{s{To: "nats:deliveries.a", Form: "csv"}, false},
		{s{To: "nats:urls.a"}, false},
		{s{To: "nats:deliveries.*"}, false},
		{s{To: "ntfy://ntfy.example/" + strings.Repeat("x", 64)}, true},
		{s{To: "ntfy://ntfy.example/" + strings.Repeat("x", 65)}, false},
		{s{To: "ntfy:///topic"}, false},
		{s{To: "ntfy://ntfy.example/topic?priority=1"}, true},
		{s{To: "ntfy://ntfy.example/topic?priority=0"}, false},
		{s{To: "ntfy://ntfy.example/topic?priority=5"}, true},
		{s{To: "ntfy://ntfy.example/topic?priority=6"}, false},
		{s{To: "ntfy://ntfy.example/topic?priority=high"}, false},
		{s{To: "ntfy://ntfy.example/topic?tags=a,b,c,d,e"}, true},
		{s{To: "ntfy://ntfy.example/topic?tags=a,b,c,d,e,f"}, false},
		{s{To: "ntfy://ntfy.example/topic?tags=" + strings.Repeat("x", 160)}, true},
		{s{To: "ntfy://ntfy.example/topic?tags=" + strings.Repeat("x", 161)}, false},
		{s{To: "ntfy://ntfy.example/topic?click=x"}, false},
		{s{To: "ntfy://ntfy.example/topic", Form: "template", Template: "{{.Title}}"}, true},
		{s{To: "ntfy://ntfy.example/topic", Form: "slack"}, false},
		{s{Query: subscriptions.Query{Access: []string{"free", "paywalled"}}}, true},
		{s{Query: subscriptions.Query{Access: []string{"cheap"}}}, false},
		{s{Query: subscriptions.Query{Text: "ferry OR"}}, false},
	} {
		if c.spec.Name == "" {
			c.spec.Name = "s"
		}
		if c.spec.To == "" {
			c.spec.To = hook
		}
		if err := c.spec.Validate(); (err == nil) != c.valid || err != nil && !errors.Is(err, subscriptions.ErrSpec) {
			t.Errorf("%+v: %v, want valid: %t", c.spec, err, c.valid)
		}
	}
}

func TestLimitsOfSecrets(t *testing.T) {
	secret := func(bytes int) string {
		return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, bytes))
	}
	for text, want := range map[string]int{ // the number of secrets, or 0 if they are refused
		secret(24): 1, secret(23): 0, secret(64): 1, secret(65): 0, "": 0, "\n\n": 0,
		strings.TrimPrefix(secret(24), "whsec_"): 0,
		"whsec_!":                                0,
		strings.Repeat(secret(32)+"\r\n\n", 4):   4,
		strings.Repeat(secret(32)+"\n", 5):       0,
		secret(32) + "\n" + secret(23):           0,
	} {
		got, err := subscriptions.Spec{To: "https://a.example/"}.ParseSecrets(text)
		if len(got) != want || (err == nil) != (want > 0) || err != nil && !errors.Is(err, subscriptions.ErrSpec) {
			t.Errorf("%d bytes: %d secrets, %v; want %d", len(text), len(got), err, want)
		}
		for _, one := range got {
			if one != strings.TrimSpace(one) {
				t.Errorf("the secret %q has spaces", one)
			}
		}
	}
	for text, want := range map[string]bool{
		"tk_1": true, "": false, "a\nb": false, strings.Repeat("x", 200): true, strings.Repeat("x", 201): false, "a b": false,
	} {
		got, err := subscriptions.Spec{To: "ntfy://ntfy.example/topic"}.ParseSecrets(text)
		if (err == nil) != want || want && (len(got) != 1 || got[0] != text) {
			t.Errorf("the token %.20q: %q, %v", text, got, err)
		}
	}
	if _, err := (subscriptions.Spec{To: "files:a"}).ParseSecrets(secret(32)); !errors.Is(err, subscriptions.ErrSpec) {
		t.Errorf("secrets of files: %v", err)
	}
}

func TestIntervalsAndPeriods(t *testing.T) {
	for rate, want := range map[string]time.Duration{
		"": 0, "1/s": time.Second, "5/s": 200 * time.Millisecond, "30/m": 2 * time.Second, "x": 0,
	} {
		if got := (subscriptions.Spec{Rate: rate}).Interval(); got != want {
			t.Errorf("the rate %q: %s, want %s", rate, got, want)
		}
	}
	for spec, want := range map[[2]string]time.Duration{
		{"files:a", ""}: time.Minute, {"files:a", "day"}: 24 * time.Hour, {"mailto:a@example.com", ""}: 0,
		{"mailto:a@example.com", "hour"}: time.Hour, {"https://a.example/", ""}: 0,
	} {
		if got := (subscriptions.Spec{To: spec[0], Every: spec[1]}).Period(); got != want {
			t.Errorf("%v: %s, want %s", spec, got, want)
		}
	}
}
