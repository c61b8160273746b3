package discoverer_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// startSubscriber starts a newsroom that subscribes to hubs.
func startSubscriber(t *testing.T) *newsroom {
	t.Helper()
	addr := natstest.FreeAddr(t)
	return startNewsroomWith(t, func(c *discoverer.Config) {
		c.CallbackAddr, c.CallbackURL, c.AllowPrivate = addr, "http://"+addr+"/hub", true
		c.MinInterval, c.MaxInterval = time.Second, 24*time.Hour
	})
}

// subscription waits until the subscription to the feed of a source is in a state.
func (n *newsroom) subscription(t *testing.T, source sources.Source, state string) sources.Subscription {
	t.Helper()
	var found sources.Subscription
	natstest.Eventually(t, "the subscription is "+state, func() bool {
		all, err := n.sources.Subscriptions(t.Context(), source.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, sub := range all {
			found = sub
		}
		return found.State == state
	})
	return found
}

// TestHubPushes has a hub push an article that the feed does not list. It is stored once, and the
// feed is polled rarely from then on. What others send changes nothing.
func TestHubPushes(t *testing.T) {
	hub := newWire(t)
	site, room := newPress(t, hub.URL), startSubscriber(t)
	source := room.add(t, site.URL)
	room.subscription(t, source, sources.SubscriptionSubscribed)
	by := hub.awaitSubscriber(t, site.topic())
	if len(by.secret) < 32 {
		t.Fatalf("the hub knows %+v", by)
	}
	room.awaitArticles(t, 2)
	pushed := site.items("crane")
	for _, wrong := range []struct {
		what          string
		callback      string
		topic, secret string
		content       string
		status        int
	}{
		{"forged", by.callback, site.topic(), "guessed", site.items("forged"), http.StatusAccepted},
		{"of another topic", by.callback, site.URL + "/other.xml", by.secret, site.items("other"), http.StatusAccepted},
		{"to another callback", by.callback[:len(by.callback)-1] + "_", site.topic(), by.secret, pushed, http.StatusNotFound},
		{"too large", by.callback, site.topic(), by.secret, strings.Repeat("a", 5<<20), http.StatusRequestEntityTooLarge},
		{"not a feed", by.callback, site.topic(), by.secret, "<p>Soon</p>", http.StatusAccepted},
		{"right", by.callback, site.topic(), by.secret, pushed, http.StatusAccepted},
		{"repeated", by.callback, site.topic(), by.secret, pushed, http.StatusAccepted},
	} {
		status := hub.push(subscriber{callback: wrong.callback}, wrong.topic, wrong.secret, wrong.content)
		// The connection may be closed before the answer to an oversized request is read.
		if status != wrong.status && (status != 0 || wrong.what != "too large") {
			t.Errorf("a push that is %s: status %d, want %d", wrong.what, status, wrong.status)
		}
	}
	room.awaitArticles(t, 3)
	// The article is stored after it was published.
	natstest.Eventually(t, "the feed has the pushed article", func() bool {
		return room.endpoints(t, source)["/feed.xml"].Articles == 3
	})
	sub := room.subscription(t, source, sources.SubscriptionSubscribed)
	feed := room.endpoints(t, source)["/feed.xml"]
	if sub.Pushes != 2 || feed.Articles != 3 || time.Until(feed.NextPoll) < 3*time.Hour {
		t.Errorf("%d pushes, %d articles, the next poll at %s", sub.Pushes, feed.Articles, feed.NextPoll)
	}
	if n := site.requested("/2026/harbour/crane-opens-again"); n != 1 {
		t.Errorf("the pushed article was requested %d times", n)
	}
	polls := site.requested("/feed.xml")
	room.ahead.Add(int64(5 * time.Hour)) // the safety net: the next poll lists what was known before
	natstest.Eventually(t, "the feed is polled again", func() bool { return site.requested("/feed.xml") > polls })
	if hub.push(by, site.topic(), by.secret, site.items("crane", "dock")) != http.StatusAccepted {
		t.Error("a later push was refused")
	}
	room.awaitArticles(t, 4)
	room.checkLeaving(t, hub, site, source, by)
}

// checkLeaving removes a source: the subscription is ended, and nobody else could do so.
func (n *newsroom) checkLeaving(t *testing.T, hub *wire, site *press, source sources.Source, by subscriber) {
	t.Helper()
	verify := func(mode, topic string) int {
		t.Helper()
		status, _ := hub.get(by.callback, url.Values{
			"hub.mode": {mode}, "hub.topic": {topic}, "hub.challenge": {"c"}, "hub.lease_seconds": {"60"},
		})
		return status
	}
	for mode, topic := range map[string]string{"unsubscribe": site.topic(), "subscribe": site.URL + "/other.xml"} {
		if status := verify(mode, topic); status != http.StatusNotFound {
			t.Errorf("status %d for %s to %s, which was not asked for", status, mode, topic)
		}
	}
	if err := n.sources.Remove(t.Context(), source.ID); err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the hub has ended the subscription", func() bool {
		_, ok := hub.subscriber(site.topic())
		return !ok
	})
	natstest.Eventually(t, "the subscription is deleted", func() bool {
		return hub.push(by, site.topic(), by.secret, site.items("late")) == http.StatusNotFound
	})
}

// TestHubTrouble has a hub that is down, redirects, refuses and denies, and a restart in between.
func TestHubTrouble(t *testing.T) {
	hub, moved := newWire(t), newWire(t)
	hub.set(http.StatusServiceUnavailable, "")
	site, room := newPress(t, hub.URL), startSubscriber(t)
	source := room.add(t, site.URL)
	down := room.subscription(t, source, sources.SubscriptionRefused)
	if !strings.Contains(down.Reason, "refuses with status 503: no") {
		t.Errorf("reason %q", down.Reason)
	}
	hub.set(0, moved.URL)
	room.ahead.Add(int64(time.Hour))
	room.subscription(t, source, sources.SubscriptionSubscribed)
	by := moved.awaitSubscriber(t, site.topic())
	if hub.requests() != 1 {
		t.Fatalf("the old hub got %d requests", hub.requests())
	}
	room.awaitArticles(t, 2)

	room.restart(t)
	natstest.Eventually(t, "a push after the restart", func() bool {
		return moved.push(by, site.topic(), by.secret, site.items("crane")) == http.StatusAccepted
	})
	room.awaitArticles(t, 3)

	hub.set(http.StatusGone, "") // the renewal is refused, but the lease goes on
	asked := hub.requests()
	room.ahead.Add(int64(45 * time.Minute))
	natstest.Eventually(t, "the lease is renewed", func() bool { return hub.requests() > asked })
	natstest.Eventually(t, "the refusal is stored", func() bool {
		return strings.Contains(room.subscription(t, source, sources.SubscriptionSubscribed).Reason, "status 410")
	})
	room.ahead.Add(int64(2 * time.Hour)) // after the end of the lease
	room.subscription(t, source, sources.SubscriptionRefused)

	hub.set(0, "")
	room.ahead.Add(int64(8 * 24 * time.Hour))
	room.subscription(t, source, sources.SubscriptionSubscribed)
	status, body := hub.get(by.callback, url.Values{
		"hub.mode": {"denied"}, "hub.topic": {site.topic()}, "hub.reason": {"<b>no</b>"},
	})
	denied := room.subscription(t, source, sources.SubscriptionRefused)
	if status != http.StatusOK || body != "" || !strings.Contains(denied.Reason, "denies the subscription: <b>no</b>") {
		t.Errorf("denial: status %d, %q, reason %q", status, body, denied.Reason)
	}
}

// restart stops all stages and starts them again.
func (n *newsroom) restart(t *testing.T) {
	t.Helper()
	n.stop()
	n.stop = n.run(t, n.js.Conn())
}
