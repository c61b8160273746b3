package page

import (
	"strings"

	"golang.org/x/net/html"
)

// customImage reports whether an element with a name of the site's own is a picture, as
// amp-img is.
func customImage(n *html.Node) bool {
	if n.DataAtom != 0 || !strings.Contains(n.Data, "-") {
		return false
	}
	src, _, _ := strings.Cut(Attr(n, "src"), "?")
	if i := strings.LastIndexByte(src, '.'); i >= 0 {
		switch strings.ToLower(src[i+1:]) {
		case "jpg", "jpeg", "png", "webp", "avif", "gif":
			return true
		}
	}
	return n.Data == "amp-img" && (src != "" || HasAttr(n, "srcset"))
}

// placeholderIn reports whether an img element only holds the place of the custom image
// around it.
func placeholderIn(n *html.Node) bool { return n.Parent != nil && customImage(n.Parent) }
