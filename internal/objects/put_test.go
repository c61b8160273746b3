package objects_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
)

// behind returns a client of a server behind a proxy that may answer requests itself or change the responses.
func behind(
	t *testing.T, server *s3test.Server, answers func(http.ResponseWriter, *http.Request) bool,
	change func(*http.Response),
) *objects.Client {
	t.Helper()
	target, err := url.Parse(server.Config.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { // the signature has the host
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		},
		ModifyResponse: func(r *http.Response) error { change(r); return nil },
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	config := server.Config
	config.Endpoint = proxy.URL
	return s3test.Client(t, config)
}

// An upload ends well only if the service has the size and the digest of the file, or has no digest to compare.
func TestUploadsAreChecked(t *testing.T) {
	server := s3test.Start(t)
	const digest = "X-Amz-Meta-Sha256"
	for name, c := range map[string]struct {
		change func(http.Header)
		want   bool
	}{
		"as it is":       {func(http.Header) {}, true},
		"no digest":      {func(h http.Header) { h.Del(digest) }, true},
		"another digest": {func(h http.Header) { h.Set(digest, strings.Repeat("0", 64)) }, false},
		"another size":   {func(h http.Header) { h.Set("Content-Length", "4") }, false},
	} {
		looked := 0
		client := behind(t, server, func(http.ResponseWriter, *http.Request) bool { return false }, func(r *http.Response) {
			if r.Request.Method == http.MethodHead && strings.HasSuffix(r.Request.URL.Path, "/a") {
				if r.Header.Get(digest) == "" {
					t.Errorf("%s: the service has no digest", name)
				}
				looked++
				c.change(r.Header)
			}
		})
		err := client.Put(t.Context(), at("a"), strings.NewReader("ferry"), 5)
		if (err == nil) != c.want || err != nil && !strings.Contains(err.Error(), "checking") || looked != 1 {
			t.Errorf("%s: error %v after %d looks, want success: %v", name, err, looked, c.want)
		}
	}
}

// TestEndOfAnUploadInParts loses the answer to the last request of an upload, which then has succeeded, or has the
// service refuse that request, after which no parts are left.
func TestEndOfAnUploadInParts(t *testing.T) {
	server := s3test.Start(t)
	data := noise(17 << 20)
	completes := func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") }
	lost := 0
	client := behind(t, server, func(http.ResponseWriter, *http.Request) bool { return false }, func(r *http.Response) {
		if completes(r.Request) && lost == 0 {
			lost++
			r.Body.Close()
			r.Body, r.ContentLength, r.StatusCode = http.NoBody, 0, http.StatusBadGateway
			r.Header.Set("Content-Length", "0")
		}
	})
	if err := client.Put(t.Context(), at("a"), bytes.NewReader(data), int64(len(data))); err != nil || lost != 1 {
		t.Errorf("after %d lost answers: %v", lost, err)
	}
	if got, err := read(t, client, "a", 0, -1); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d of %d bytes, error %v", len(got), len(data), err)
	}
	client = behind(t, server, func(w http.ResponseWriter, r *http.Request) bool {
		if !completes(r) {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<Error><Code>AccessDenied</Code><Message>no</Message></Error>`))
		return true
	}, func(*http.Response) {})
	err := client.Put(t.Context(), at("b"), bytes.NewReader(data), int64(len(data)))
	if err == nil || !strings.Contains(err.Error(), "uploading") {
		t.Errorf("error %v, want one about the upload", err)
	}
	if keys, uploads := server.Keys(), server.Uploads(); !slices.Equal(keys, []string{"a"}) || len(uploads) > 0 {
		t.Errorf("the bucket has %q and the uploads %q", keys, uploads)
	}
}
