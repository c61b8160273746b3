package web_test

import (
	"bytes"
	"fmt"
	"image"
	"net/http"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// TestThumbnailsOfHits looks at the thumbnails of search results and of a story: of a public
// picture, of a private one, of an erased article, and if pictures are switched off.
func TestThumbnailsOfHits(t *testing.T) {
	for _, shown := range []bool{true, false} {
		server := newTestServerOf(t, web.Config{Pictures: shown}, web.Dependencies{Pictures: pngSite{}})
		words := strings.Fields(strings.Repeat("The ferry sails again from the quay on Sunday morning. ", 8))
		for i := range words {
			words[i] += fmt.Sprint(i) // no phrase occurs twice
		}
		text := strings.Join(words, " ")
		add := func(name, host, url string, lead bool, after time.Duration) *datelinev1.Article {
			a := article(name, "Ferry "+name, text, noon.Add(after))
			a.Host = host
			a.Images = []*datelinev1.Image{{Url: url, Lead: lead}}
			server.put(t, a)
			return a
		}
		ferry := add("public", "example.com", "https://public.example/ferry.png", true, 0)
		add("copy", "copy.test", "https://public.example/copy.png", true, time.Hour)
		add("private", "private.test", "http://192.168.1.1/ferry.png", true, 2*time.Hour)
		add("inline", "inline.test", "https://public.example/icon.png", false, 3*time.Hour)
		paths := map[string]bool{"public": shown, "copy": shown, "private": false, "inline": false}
		for _, page := range []string{"/?copies=1", "/stories/id-public-0000"} {
			body := server.get(t, page)
			for name, want := range paths {
				if got := strings.Contains(body, `<img src="/articles/id-`+name+`-0000/thumbnail"`); got != want {
					t.Errorf("pictures %v: %s shows the thumbnail of %s: %v, want %v", shown, page, name, got, want)
				}
			}
		}
		for name, want := range paths {
			status, header, body := server.request(t, http.MethodGet, "/articles/id-"+name+"-0000/thumbnail")
			if (status == http.StatusOK) != want {
				t.Errorf("pictures %v: thumbnail of %s: status %d", shown, name, status)
			}
			if !want {
				continue
			}
			_, format, err := image.Decode(bytes.NewReader([]byte(body)))
			if err != nil || format != "jpeg" || header.Get("Content-Type") != "image/jpeg" ||
				header.Get("Cache-Control") != "private, no-cache" {
				t.Errorf("thumbnail of %s: a %s, headers %v, %v", name, format, header, err)
			}
		}
		if _, err := server.store.Erase(t.Context(), ferry.GetId()); err != nil {
			t.Fatal(err)
		}
		status, _, _ := server.request(t, http.MethodGet, "/articles/id-public-0000/thumbnail")
		if status != http.StatusNotFound {
			t.Errorf("thumbnail of an erased article: status %d, want 404", status)
		}
	}
}
