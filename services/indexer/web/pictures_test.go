package web_test

import (
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// TestPicturesOfPrivateHostsAreNotShown shows articles whose pictures are on hosts that
// only the reader's network can reach, as lead and in the text.
func TestPicturesOfPrivateHostsAreNotShown(t *testing.T) {
	private := []string{
		"http://127.0.0.1/x", "http://192.168.1.1/x", "http://[::1]/x", "http://[fd00::1]/x", "http://2130706433/x",
		"http://0x7f.1/x", "http://localhost/x", "http://router/x", "http://printer.local/x", "http://db.internal/x",
		"http://nas.home.arpa/x", "http://nas.lan/x", "http://a.localhost./x", "http://public.example:6379/x",
		"http://user:secret@10.0.0.1/x", "//router/x", "ftp://public.example/x", "http://１２７.0.0.1/x",
	}
	public := []string{"https://public.example/lead.jpg?sid=1", "http://cdn.public.example/text.jpg"}
	server := newTestServer(t, web.DefaultConfig())
	for i, urls := range [][]string{private, append(slices.Clone(private), public...)} {
		a := article([]string{"private", "public"}[i], "Ferry", "x", noon)
		a.Body = nil
		for _, url := range urls {
			a.Images = append(a.Images, &datelinev1.Image{Url: url, Alt: "a ferry", Lead: url == urls[len(urls)-1]})
			a.Body = append(a.Body, &datelinev1.Block{
				Kind: datelinev1.BlockKind_BLOCK_KIND_IMAGE, ImageIndex: int32(len(a.Images) - 1),
			})
		}
		server.put(t, a)
	}
	if page := server.get(t, "/articles/id-private-0000?pictures=1"); strings.Contains(page, "<img") {
		_, img, _ := strings.Cut(page, "<img")
		t.Errorf("a picture of a private host is shown: <img%.100s", img)
	}
	page := server.get(t, "/articles/id-public-0000?pictures=1")
	if n := strings.Count(page, "<img"); n != len(public) {
		t.Errorf("%d pictures are shown, want %d", n, len(public))
	}
	for i := range public {
		if want := fmt.Sprintf(`src="/articles/id-public-0000/pictures/%d"`, len(private)+i); !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// pngSite answers every request with a picture.
type pngSite struct{}

func (pngSite) RoundTrip(*http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	err := png.Encode(recorder, image.NewGray(image.Rect(0, 0, 8, 8)))
	return recorder.Result(), err
}

// TestErasedPictures requests a picture as a browser does that has a copy, before and after
// the article is erased.
func TestErasedPictures(t *testing.T) {
	server := newTestServerOf(t, web.Config{Pictures: true}, web.Dependencies{Pictures: pngSite{}})
	a := article("ferry", "Ferry", "It sails.", noon)
	a.Images = []*datelinev1.Image{{Url: "https://public.example/ferry.png"}}
	server.put(t, a)
	const path = "/articles/id-ferry-0000/pictures/0"
	status, header, _ := server.request(t, http.MethodGet, path)
	if status != http.StatusOK || header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("status %d, Cache-Control %q; want 200 and private, no-cache", status, header.Get("Cache-Control"))
	}
	again := func() int {
		status, _, _ := server.request(t, http.MethodGet, path, "If-None-Match", header.Get("ETag"))
		return status
	}
	if status := again(); status != http.StatusNotModified {
		t.Errorf("asking again: status %d, want 304", status)
	}
	if _, err := server.store.Erase(t.Context(), a.GetId()); err != nil {
		t.Fatal(err)
	}
	if status := again(); status != http.StatusNotFound {
		t.Errorf("asking again after the erasure: status %d, want 404", status)
	}
}
