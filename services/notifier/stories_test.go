package notifier

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// copyOf returns an article of a host with a text about a ferry. Equal topics have the same text.
func copyOf(host, topic, title string) *datelinev1.Article {
	var text strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, "At %s%d the ferry met %s%d. ", topic, i, topic, i*i)
	}
	a := newArticle(host+topic, title, text.String())
	a.Host = host
	a.CanonicalUrl = "https://" + host + "/" + topic
	a.RequestedUrl, a.FinalUrl = a.GetCanonicalUrl(), a.GetCanonicalUrl()
	return a
}

// TestFirstOfStory delivers copies of an article to a subscription that wants all of them, and to one that wants only
// the first article of each story.
func TestFirstOfStory(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.run()
		for name, first := range map[string]bool{"all": false, "first": true} {
			spec := subscriptions.Spec{
				Name: name, Query: subscriptions.Query{Text: "ferry", Hosts: []string{"ledger.example", "gazette.example"}},
				To: hook.URL + "/" + name, FirstOfStory: first,
			}
			if err := r.subs.Put(r.Context(), spec, nil, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		// The subscriptions do not want the host of the first article of the story.
		r.putAll(copyOf("herald.example", "fares", "Herald on fares"))
		r.putAll(copyOf("ledger.example", "fares", "Ledger on fares"))
		r.putAll(copyOf("gazette.example", "fares", "Gazette on fares"),
			copyOf("gazette.example", "strikes", "Gazette on strikes"))
		r.until("the first revisions", "all", delivered(3))
		changed := copyOf("gazette.example", "fares", "Gazette corrects fares")
		changed.Text += "The fare is nine crowns."
		r.putAll(changed)
		update := copyOf("ledger.example", "fares", "Ledger corrects fares")
		update.Text += "The fare is ten crowns."
		r.putAll(update)
		r.until("all revisions", "all", delivered(5))
		r.until("the revisions of first articles", "first", delivered(3))
		got := map[string][]string{}
		for _, one := range hook.requests() {
			name := one.payload.Data.Subscription
			got[name] = append(got[name], one.payload.Data.Article.Title)
			if one.payload.Data.Article.Title == "Gazette on fares" && one.payload.Data.Story == "" {
				t.Error("the message about a copy does not name its story")
			}
		}
		want := map[string][]string{
			"all": {
				"Gazette corrects fares", "Gazette on fares", "Gazette on strikes", "Ledger corrects fares", "Ledger on fares",
			},
			"first": {"Gazette on strikes", "Ledger corrects fares", "Ledger on fares"},
		}
		for name := range want {
			slices.Sort(got[name])
			if !slices.Equal(got[name], want[name]) {
				t.Errorf("%s got %q, want %q", name, got[name], want[name])
			}
		}
		skipped := 0
		for _, d := range r.log("first") {
			if d.State == subscriptions.Skipped && d.Detail == errCopy.Error() {
				skipped++
			}
		}
		if skipped != 2 {
			t.Errorf("%d deliveries of copies were skipped, want 2", skipped)
		}
	})
}

// TestChangesAreDelivered verifies that a message about a changed article tells what has changed.
func TestChangesAreDelivered(t *testing.T) {
	inBothStores(t, func(t *testing.T, r *room) {
		hook := newTarget(t, nil)
		r.run()
		r.subscribe("ferries", "ferry", hook.URL)
		before := newArticle("a", "Ferry returns", "The ferry returns on Monday.")
		r.putAll(before)
		r.until("the first revision", "ferries", delivered(1))
		r.putAll(newArticle("a", "Ferry returns late", "The ferry returns on Tuesday."))
		r.until("the second revision", "ferries", delivered(2))
		got := hook.requests()
		if changes := got[0].payload.Data.Changes; len(changes.Text)+len(changes.Title) > 0 {
			t.Errorf("the message about a new article has the changes %+v", changes)
		}
		changes := got[1].payload.Data.Changes
		want := []textdiff.Run{
			{Kind: textdiff.Same, Text: "The ferry returns on "}, {Kind: textdiff.Removed, Text: "Monday."},
			{Kind: textdiff.Added, Text: "Tuesday."},
		}
		if !slices.Equal(changes.Text, want) || len(changes.Title) != 2 || changes.Added != 1 || changes.Removed != 1 {
			t.Errorf("the changes are %+v, want those of the text %+v", changes, want)
		}
	})
}
