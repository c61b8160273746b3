package hub

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestVerify(t *testing.T) {
	// RFC 4231, test case 2, and the same for SHA-1 by RFC 2202.
	const secret, body = "Jefe", "what do ya want for nothing?"
	for header, want := range map[string]bool{
		"sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79":                                                           true,
		"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843":                                 true,
		"SHA256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843":                                 true,
		"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3844":                                 false,
		"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38":                                   false,
		"sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649": true,
		"md5=750c783e6ab0b503eaa86e310a5db738":                                                                    false,
		"sha256=":                                                                                                 false,
		"":                                                                                                        false,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843":                                        false,
	} {
		if got := Verify(header, secret, []byte(body)); got != want {
			t.Errorf("%q: %t, want %t", header, got, want)
		}
	}
	if Verify("sha1=fbdb1d1b18aa6c08324b7d64b71fb76370690e1d", "", nil) {
		t.Error("a signature without a secret is valid")
	}
}

func TestLinks(t *testing.T) {
	for _, test := range []struct {
		headers   []string
		hub, self string
	}{
		{
			[]string{`<https://hub.example/>; rel="hub", </feed.xml>; rel=self`},
			"https://hub.example/", "https://a.example/feed.xml",
		},
		{[]string{`<https://hub.example/a,b>; title="x, y"; rel="other HUB"`}, "https://hub.example/a,b", ""},
		{[]string{"<https://one.example/>; rel=hub", "<https://two.example/>; rel=hub"}, "https://one.example/", ""},
		{[]string{"", "<", "https://hub.example/; rel=hub", "<https://hub.example/>; title=hub"}, "", ""},
	} {
		if hub, self := Links("https://a.example/", test.headers); hub != test.hub || self != test.self {
			t.Errorf("%q: hub %q and self %q, want %q and %q", test.headers, hub, self, test.hub, test.self)
		}
	}
}

func TestChoose(t *testing.T) {
	const feed, plain = "https://a.example/feed.xml", "http://a.example/feed.xml"
	const www = "https://www.a.example/rss"
	for _, test := range []struct {
		fetched, hub, self string
		want               Announced
	}{
		{feed, "https://hub.example/", www, Announced{"https://hub.example/", www}},
		{feed, "https://hub.example/", "https://b.example/feed.xml", Announced{"https://hub.example/", feed}},
		{feed, "http://hub.example/?a=b", "", Announced{"https://hub.example/?a=b", feed}},
		{plain, "http://hub.example/", "", Announced{"http://hub.example/", plain}},
		{feed, "", "", Announced{}},
		{feed, "ftp://hub.example/", "", Announced{}},
	} {
		if got := Choose(test.fetched, test.hub, test.self); got != test.want {
			t.Errorf("%+v: %+v", test, got)
		}
	}
}

// TestClientIsGuarded has feeds name hubs to which no request may be made.
func TestClientIsGuarded(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(server.Close)
	for address, want := range map[string]string{
		server.URL:                "port",
		"http://127.0.0.1/":       "prohibited",
		"http://169.254.169.254/": "prohibited",
	} {
		err := NewClient(false).Ask(t.Context(), Request{Hub: address, Mode: Subscribe})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if asked > 0 {
		t.Errorf("a hub at a private address was asked %d times", asked)
	}
}

func TestAsk(t *testing.T) {
	var form string
	hub := func(status int, headers ...string) string {
		t.Helper()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			form = r.Method + " " + r.PostForm.Encode()
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(" no\n"))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	request := Request{
		Mode: Subscribe, Topic: "https://a.example/", Callback: "https://c.example/k", Secret: "s", Lease: time.Minute,
	}
	const want = "POST hub.callback=https%3A%2F%2Fc.example%2Fk&hub.lease_seconds=60&hub.mode=subscribe&hub.secret=s&" +
		"hub.topic=https%3A%2F%2Fa.example%2F"
	client := NewClient(true)
	request.Hub = hub(http.StatusAccepted)
	for _, address := range []string{request.Hub, hub(http.StatusTemporaryRedirect, "Location", request.Hub)} {
		form, request.Hub = "", address
		if err := client.Ask(t.Context(), request); err != nil || form != want {
			t.Errorf("%v, the hub got %s", err, form)
		}
	}
	for _, test := range []struct {
		hub   string
		want  RefusalError
		lasts bool
	}{
		{hub(http.StatusFound, "Location", "/"), RefusalError{http.StatusFound, "no", 0}, true},
		{hub(http.StatusGone), RefusalError{http.StatusGone, "no", 0}, true},
		{hub(http.StatusServiceUnavailable, "Retry-After", "120"), RefusalError{503, "no", 2 * time.Minute}, false},
		{hub(http.StatusTooManyRequests, "Retry-After", "9999999"), RefusalError{429, "no", maxRetryAfter}, false},
	} {
		request.Hub = test.hub
		err := client.Ask(t.Context(), request)
		refusal, ok := errors.AsType[*RefusalError](err)
		if !ok || *refusal != test.want || refusal.Lasting() != test.lasts {
			t.Errorf("%v, want %+v", err, test.want)
		}
	}
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusPermanentRedirect)
	}))
	t.Cleanup(loop.Close)
	request.Hub = loop.URL
	if err := client.Ask(t.Context(), request); err == nil || !strings.Contains(err.Error(), "too many redirects") {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Ask(ended, request); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
