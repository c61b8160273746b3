package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// The form of a subscription has a field for each filter of the search, and an empty field for each kind of filter that
// can take another value. The times since and before take only one.
func TestFieldsOfASubscriptionForm(t *testing.T) {
	form := newSubscriptionForm(url.Values{
		"q": {"ferry"}, "host": {"a.example", "b.example"}, "since": {"2026-03-04"},
	}, "Ferries & harbours")
	var fields []string
	for _, choice := range form.Filters {
		if choice.Field == "host" || choice.Field == "since" || choice.Field == "before" {
			fields = append(fields, fmt.Sprintf("%s=%s", choice.Field, choice.Name))
		}
	}
	const want = "host=a.example host=b.example host= since=2026-03-04 before="
	if got := strings.Join(fields, " "); got != want {
		t.Errorf("the fields are %q, want %q", got, want)
	}
	if form.Name != "Ferries-harbours" || form.Q != "ferry" || !form.IsNew || !form.HasFilters() {
		t.Errorf("name %q, query %q, new %t, filters %t", form.Name, form.Q, form.IsNew, form.HasFilters())
	}
	if newSubscriptionForm(url.Values{"q": {"ferry"}}, "").HasFilters() {
		t.Error("a form without values has filters")
	}
}
