package fields

import (
	"golang.org/x/net/html"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// hatomDate returns the machine-readable date of publication in the title attribute of an
// element of the microformat hAtom: an abbreviation, or an empty element within one.
func hatomDate(v *View) *dates.Date {
	for _, i := range v.Titled {
		n := v.Elems[i].Node
		if v.within[i]&datesOfPage != 0 {
			continue
		}
		if norm.HasWord(page.Attr(n, "class"), "value-title") {
			n = n.Parent
		}
		if namesPublication(n) {
			if date := v.dates.parse(page.Attr(v.Elems[i].Node, "title")); date != nil {
				return date
			}
		}
	}
	return nil
}

func namesPublication(n *html.Node) bool {
	class := page.Attr(n, "class")
	return norm.HasWord(class, "published") || norm.HasWord(class, "dt-published")
}
