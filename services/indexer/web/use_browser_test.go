package web_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// user uses the pages of a server in a browser.
type user struct {
	*testing.T
	ctx    context.Context
	server *testServer

	mutex    sync.Mutex
	requests []string
}

// newUser starts a browser that has logged in as an operator.
func newUser(t *testing.T) *user {
	server := newTestServer(t, web.Config{
		Addr: "127.0.0.1:0", ReadToken: readToken, OperateToken: operateToken, Pictures: true,
	})
	server.fill(t)
	u := &user{T: t, ctx: browser(t), server: server}
	listen(u.ctx, t, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			u.mutex.Lock()
			u.requests = append(u.requests, e.Request.URL)
			u.mutex.Unlock()
		}
	})
	// Without a token every page redirects to the login, which leads back to it.
	u.do("logging in", u.open("/?q=ferry"), chromedp.WaitVisible("#token"),
		chromedp.SendKeys("#token", operateToken+kb.Enter), chromedp.WaitVisible(".hits"))
	u.expect(`location.href`, server.URL+"/?q=ferry")
	u.expect(`document.title`, "ferry – Dateline")
	return u
}

func (u *user) open(path string) chromedp.Action[chromedp.Void] {
	return chromedp.Navigate(u.server.URL + path)
}

func (u *user) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	u.Helper()
	if err := chromedp.Do(u.ctx, actions...); err != nil {
		u.Fatalf("%s: %v", what, err)
	}
}

// expect compares the value of a JavaScript expression.
func (u *user) expect(expression, want string) {
	u.Helper()
	if got := evaluate[string](u.ctx, u.T, expression); got != want {
		u.Errorf("%s is %q, want %q", expression, got, want)
	}
}

// hasRequested reports whether the browser has requested a URL that contains
// part.
func (u *user) hasRequested(part string) bool {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	return strings.Contains(strings.Join(u.requests, " "), part)
}

func TestKeyboardInBrowser(t *testing.T) {
	u := newUser(t)
	u.do("pressing Tab", u.open("/"), chromedp.KeyEvent(kb.Tab))
	u.expect(`document.activeElement.className`, "skip") // the link past the navigation
	u.do("following the link", chromedp.KeyEvent(kb.Enter), chromedp.WaitReady("main:focus"))
	u.expect(`document.activeElement.id`, "main")
	if n := evaluate[int](u.ctx, t, focusScript); n > 0 {
		t.Errorf("%d links or fields cannot be focused, or do not show it", n)
	}
	u.do("searching", u.open("/"), chromedp.SendKeys("#q", "sunday"+kb.Enter), chromedp.WaitVisible("mark"),
		chromedp.Click(".hits h2 a"), chromedp.WaitVisible(".reader"))
	u.expect(`document.querySelector('h1').innerText`, "Ferry returns on Sunday")
}

func TestScreenReaderInBrowser(t *testing.T) {
	u := newUser(t)
	u.do("opening an article", u.open("/articles/id-ferry-0000"), chromedp.WaitVisible(".reader"))
	tree, err := chromedp.Call(u.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	var roles []string
	for _, n := range tree.Nodes {
		if n.Role != nil && !n.Ignored {
			name := ""
			if n.Name != nil {
				name = string(n.Name.Value)
			}
			roles = append(roles, strings.Trim(string(n.Role.Value), `"`)+" "+strings.Trim(name, `"`))
		}
	}
	all := "\n" + strings.Join(roles, "\n") + "\n"
	for _, want := range []string{
		"\nbanner ", "\nnavigation Pages\n", "\nmain ", "\narticle ", "\nheading Ferry returns on Sunday\n",
		"\nheading History\n", "\ncontentinfo ",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the accessibility tree does not contain %q", strings.TrimSpace(want))
		}
	}
}

// TestPicturesInBrowser verifies that pictures, which come from other sites, are
// only loaded on request.
func TestPicturesInBrowser(t *testing.T) {
	u := newUser(t)
	u.do("opening an article", u.open("/articles/id-ferry-0000"), chromedp.WaitVisible(".reader"))
	if u.hasRequested("pictures.test") {
		t.Error("a picture was loaded without a request")
	}
	picture := article("picture", "Picture", "x", noon.Add(3*time.Hour))
	picture.Images = []*datelinev1.Image{{Url: "http://pictures.test/b.jpg", Alt: "b", Lead: true}}
	u.server.put(t, picture)
	u.do("requesting pictures", u.open("/articles/id-picture-0000"), chromedp.Click("a.button"),
		chromedp.WaitReady("figure img"))
	if !u.hasRequested("/articles/id-picture-0000/pictures/0") || u.hasRequested("pictures.test") {
		t.Error("the picture was not requested, or not from this server")
	}
}

func TestArticleInBrowser(t *testing.T) {
	u := newUser(t)
	u.do("opening an article in Arabic", u.open("/articles/id-train-0000"))
	u.expect(`getComputedStyle(document.querySelector('.text')).direction`, "rtl")
	u.expect(`document.querySelector('.text').lang`, "ar")
	u.do("comparing revisions", u.open("/articles/id-ferry-0000"), chromedp.Click(`a[href*="/changes"]`),
		chromedp.WaitVisible("ins"))
	added := evaluate[string](u.ctx, t, `document.querySelector('ins').innerText`)
	if !strings.Contains(added, "on Sunday") {
		t.Errorf("the page shows the change %q, want on Sunday", added)
	}
}

func TestOperatingInBrowser(t *testing.T) {
	u := newUser(t)
	u.do("requeueing", u.open("/dead-letters"), chromedp.Click(`button[aria-label="Requeue dead letter 1"]`),
		chromedp.WaitVisible(`//td[text()="No dead letters."]`))
	stream, err := u.server.js.Stream(t.Context(), subject.StreamURLs)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("%d URLs were requeued, want 1", n)
	}
	u.do("erasing", u.open("/articles/id-ferry-0000"), chromedp.Click(`//summary[text()="Erase"]`),
		chromedp.Click("button.danger"), chromedp.WaitVisible(".hits"))
	u.do("logging out", chromedp.Click(`//button[text()="Log out"]`), chromedp.WaitVisible("#token"))
}
