package webhook

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestSignature signs the example message of the specification with its key, and compares the signatures.
func TestSignature(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	m := Message{
		ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", ContentType: "application/json", Body: []byte(`{"test": 2432232314}`),
		Header: map[string]string{"X-Desk": "harbour"}, Keys: [][]byte{key, []byte("another")},
	}
	r, err := NewRequest(t.Context(), "https://a.example/hook", m, time.Unix(1614265330, 0))
	if err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(r.Header.Get("webhook-signature"), " ")
	if first != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" || !strings.HasPrefix(second, "v1,") || second == first {
		t.Errorf("the signatures are %q and %q", first, second)
	}
	for name, want := range map[string]string{
		"webhook-id": m.ID, "webhook-timestamp": "1614265330", "Content-Type": "application/json", "X-Desk": "harbour",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	m.Keys = nil
	if r, err = NewRequest(t.Context(), "https://a.example/hook", m, noon); err != nil ||
		len(r.Header.Values("webhook-signature")) != 0 {
		t.Errorf("without keys: the signature is %q, error %v", r.Header.Get("webhook-signature"), err)
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "90": 90 * time.Second, "-1": 0, "soon": 0, "2147483647": 2147483647 * time.Second,
		"2147483648": 0,
		noon.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		noon.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(value, noon); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	client := NewClient([]string{"Own.example"}, time.Second)
	defer client.Close()
	for target, want := range map[string]string{
		"https://a.example": "", "https://a.example:443": "", "https://a.example:8443": "", "https://a.example:8080": "",
		"http://a.example": "is not encrypted", "https://a.example:444": "port 444",
		"http://own.example:9": "",
	} {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Check(u); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", target, err, want)
		}
	}
}

// TestDo checks how much of a server's answer is kept, and how many redirects are followed.
func TestDo(t *testing.T) {
	mux := http.NewServeMux()
	status := func(w http.ResponseWriter, r *http.Request) {
		var code int
		_, _ = fmt.Sscan(r.PathValue("code"), &code)
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(code)
		_, _ = io.Copy(w, r.Body)
	}
	mux.HandleFunc("POST /{code}", status)
	mux.HandleFunc("POST /hops/{n}", func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.PathValue("n"), &n)
		if n == 0 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		http.Redirect(w, r, fmt.Sprint("/hops/", n-1), http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("POST /moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/200", http.StatusFound)
	})
	mux.HandleFunc("POST /away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost:1/200", http.StatusPermanentRedirect)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	client := NewClient([]string{"127.0.0.1"}, time.Minute)
	defer client.Close()
	for path, want := range map[string]struct {
		status   int
		ok, gone bool
	}{
		"/200": {200, true, false}, "/299": {299, true, false}, "/300": {300, false, false}, "/400": {400, false, false},
		"/410": {410, false, true}, "/500": {500, false, false},
		"/hops/1": {204, true, false}, "/hops/3": {204, true, false},
		"/moved": {302, false, false}, "/away": {308, false, false},
	} {
		answer, err := client.Send(t.Context(), server.URL+path, Message{ID: "1", Body: []byte("late\nferry")})
		if err != nil || answer.Status != want.status || answer.OK() != want.ok || answer.IsGone() != want.gone {
			t.Errorf("%s: answer %+v, error %v, want %+v", path, answer, err, want)
		}
		if len(path) == 4 && (answer.Excerpt != "late ferry" || answer.RetryAfter != 7*time.Second) {
			t.Errorf("%s: excerpt %q, retry after %s", path, answer.Excerpt, answer.RetryAfter)
		}
	}
	if answer, err := client.Send(t.Context(), server.URL+"/hops/4", Message{ID: "1"}); err == nil ||
		!strings.Contains(err.Error(), "too many redirects") || strings.Contains(err.Error(), "hops") {
		t.Errorf("four redirects: answer %+v, error %v", answer, err)
	}
	refused := NewClient(nil, time.Minute)
	defer refused.Close()
	if answer, err := refused.Send(t.Context(), server.URL+"/200", Message{ID: "1"}); err == nil {
		t.Errorf("a target that is not encrypted has answered %+v", answer)
	}
}
