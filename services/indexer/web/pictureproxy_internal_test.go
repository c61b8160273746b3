package web

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// sitesOn sends requests for every host to one server.
type sitesOn struct{ server *httptest.Server }

func (s sitesOn) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	sent.URL.Scheme, sent.URL.Host = "http", s.server.Listener.Addr().String()
	transport := &http.Transport{DisableKeepAlives: true}
	return transport.RoundTrip(sent)
}

// TestPictureProxy gets pictures and other things from a site.
func TestPictureProxy(t *testing.T) {
	var drawn bytes.Buffer
	if err := png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int32
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		switch r.URL.Path {
		case "/a.png":
			_, _ = w.Write(drawn.Bytes())
		case "/moved":
			http.Redirect(w, r, "/a.png", http.StatusFound)
		case "/inward":
			http.Redirect(w, r, "http://169.254.169.254/a.png", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/page", "/drawing.svg":
			w.Header().Set("Content-Type", "image/svg+xml")
			fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
		case "/huge":
			_, _ = w.Write(append(drawn.Bytes(), make([]byte, maxPictureBytes)...))
		default:
			http.NotFound(w, r)
		}
	}))
	defer site.Close()
	proxy := newPictureProxy(sitesOn{site})
	for path, want := range map[string]string{
		"/a.png": "", "/moved": "", "/inward": "not a public site", "/loop": "too many redirects", "/page": "not a picture",
		"/drawing.svg": "not a picture", "/huge": "larger than 5 MiB", "/absent": "status 404",
	} {
		got, err := proxy.get(t.Context(), "https://news.example"+path)
		switch {
		case want == "" && (err != nil || got.contentType != "image/png" || got.data != drawn.String()):
			t.Errorf("%s: %s with %d bytes, %v", path, got.contentType, len(got.data), err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	before := requests.Load()
	if _, err := proxy.get(t.Context(), "https://news.example/a.png"); err != nil || requests.Load() != before {
		t.Errorf("the picture was requested again, or: %v", err)
	}
}

// TestPictureCacheIsBounded keeps more pictures than fit.
func TestPictureCacheIsBounded(t *testing.T) {
	proxy := newPictureProxy(nil)
	const size = 4 << 20
	for i := range 2 * maxCacheBytes / size {
		proxy.keep(cachedPicture{url: fmt.Sprint(i), data: strings.Repeat("x", size)})
	}
	_, first := proxy.cached("0")
	if _, last := proxy.cached(fmt.Sprint(2*maxCacheBytes/size - 1)); first || !last || proxy.bytes > maxCacheBytes {
		t.Errorf("%d bytes are kept, the first: %v, the last: %v", proxy.bytes, first, last)
	}
}

// TestPicturesComeFromPublicAddresses requests a picture from this machine.
func TestPicturesComeFromPublicAddresses(t *testing.T) {
	site := httptest.NewServer(http.NotFoundHandler())
	defer site.Close()
	_, err := newPictureProxy(nil).fetch(t.Context(), site.URL)
	if err == nil || errors.Is(err, http.ErrServerClosed) || !strings.Contains(err.Error(), "prohibited") {
		t.Errorf("error %v, want one of the dial guard", err)
	}
}
