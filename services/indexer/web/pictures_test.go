package web_test

import (
	"fmt"
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
