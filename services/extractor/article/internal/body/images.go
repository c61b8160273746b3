package body

import (
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/picture"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

const maxImages = 100

// addImage adds the picture of run i to the article's images and returns its
// index, or -1 for an icon, a portrait of the author or a repeat.
func (t *Text) addImage(i int) int {
	n := t.Runs[i].Media
	if len(t.Images) >= maxImages || t.decoration(i) {
		return -1
	}
	img := record.Image{URL: t.Resolve(picture.Source(n)), Alt: norm.Squeeze(page.Attr(n, "alt"))}
	if img.URL == "" {
		return -1
	}
	for k := range t.Images {
		if t.Images[k].URL == img.URL && t.Images[k].Alt == img.Alt {
			return -1
		}
	}
	img.Caption, img.Credit = t.takeCaption(i)
	t.Images = append(t.Images, img)
	return len(t.Images) - 1
}

// decoration reports whether a picture does not illustrate the article.
func (s *selection) decoration(i int) bool {
	r := &s.Runs[i]
	const against = page.HintByline | page.HintAuthorBox | page.HintShare | page.HintRelated | page.HintNav |
		page.HintFooter | page.HintAd | page.HintSidebar | page.HintComment | page.HintNewsletter
	return s.within[r.Elem]&against != 0 || picture.Decorative(r.Media)
}

const (
	captionRuns    = 4   // runs after a picture that may be its caption
	maxPlainCredit = 500 // characters of a caption that is only marked by its credit
)

// takeCaption returns the caption and credit of a picture, from its figure, its box, or
// the lines directly after it that are named as such, and drops them from the
// body.
func (s *selection) takeCaption(picture int) (caption, credit string) {
	figure := s.outerFigure(s.Runs[picture].Elem)
	for i := picture + 1; i < len(s.Runs) && i <= picture+captionRuns; i++ {
		r := &s.Runs[i]
		if r.Kind != page.TextRun {
			break
		}
		within := s.within[r.Elem]
		inFigure := figure >= 0 && r.Elem > figure && r.Elem < s.Elems[figure].End
		text := norm.Squeeze(s.TextOf(r))
		c, by := fields.SplitCredit(text)
		named := within&(page.HintCaption|page.HintCredit) != 0 ||
			s.verdicts[i] == DroppedCaption && i == picture+1 && s.inPictureBox(i)
		if !inFigure && !named && (by == "" || i > picture+1 || r.Chars > maxPlainCredit) {
			break
		}
		s.verdicts[i] = DroppedCaption
		if within&page.HintCredit != 0 && within&page.HintCaption == 0 && by == "" {
			c, by = "", text
		}
		caption = strings.TrimSpace(caption + " " + c)
		if credit == "" {
			credit = by
		}
	}
	return caption, credit
}

// figureDepth is the maximum number of levels between a picture and its figure.
const figureDepth = 6

func (s *selection) outerFigure(elem int32) int32 {
	for range figureDepth {
		if elem <= 0 {
			return -1
		}
		if s.Elems[elem].Node.DataAtom == atom.Figure {
			return elem
		}
		elem = s.Elems[elem].Parent
	}
	return -1
}
