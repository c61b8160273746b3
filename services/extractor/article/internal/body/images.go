package body

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

const (
	maxImages  = 100
	smallImage = 60 // pixels; smaller images are icons and counters
)

// readLead adds the images between the headline and the text. The first is the lead
// image.
func (t *Text) readLead() {
	start, end := 0, min(t.firstProse(), len(t.Runs))
	if t.Headline.Elem > 0 {
		for start < len(t.Runs) && t.Runs[start].Elem < t.Headline.Elem {
			start++
		}
		if start == len(t.Runs) {
			start = 0
		}
		start = t.figureAbove(start)
	}
	for i := start; i < end; i++ {
		if t.Runs[i].Kind == page.ImageRun && t.verdicts[i] != Kept {
			t.addImage(i)
		}
	}
}

// aboveRuns is the maximum number of runs between the lead figure and the headline below
// it.
const aboveRuns = 5

// figureAbove returns the run of the figure directly above the headline. start is the run
// of the headline, and the result if no figure is above it.
func (t *Text) figureAbove(start int) int {
	for i := start - 1; i >= max(0, start-aboveRuns); i-- {
		r := &t.Runs[i]
		switch {
		case r.Kind == page.ImageRun && t.outerFigure(r.Elem) >= 0:
			return i
		case r.Kind == page.TextRun && (page.IsHeading(t.Tag(r)) || t.outer(r.Elem, atom.Nav) >= 0):
			return start
		}
	}
	return start
}

// addImage adds the picture of run i to the article's images and returns its
// index, or -1 for an icon, a portrait of the author or a repeat.
func (t *Text) addImage(i int) int {
	n := t.Runs[i].Media
	if len(t.Images) >= maxImages || t.decoration(i) {
		return -1
	}
	img := record.Image{URL: t.Resolve(imageSource(n)), Alt: norm.Squeeze(page.Attr(n, "alt"))}
	if img.URL == "" {
		if img.URL = t.Resolve(noscriptSource(n)); img.URL == "" {
			return -1
		}
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
	for _, key := range []string{"width", "height"} {
		px, err := strconv.Atoi(strings.TrimSuffix(page.Attr(r.Media, key), "px"))
		if err == nil && px < smallImage {
			return true
		}
	}
	const against = page.HintByline | page.HintAuthorBox | page.HintShare | page.HintRelated | page.HintNav |
		page.HintFooter | page.HintAd | page.HintSidebar | page.HintComment | page.HintNewsletter
	if s.within[r.Elem]&against != 0 {
		return true
	}
	lower := strings.ToLower(page.Attr(r.Media, "class") + " " + page.Attr(r.Media, "alt"))
	for _, word := range []string{"avatar", "logo", "icon", "profile picture", "gravatar", "emoji", "pixel"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// imageSource returns the address of a picture, even if a script loads it.
func imageSource(n *html.Node) string {
	first := ""
	for _, key := range []string{"src", "data-src", "data-original", "data-lazy-src", "data-srcset", "srcset"} {
		v := strings.TrimSpace(page.Attr(n, key))
		if strings.HasSuffix(key, "srcset") {
			v, _, _ = strings.Cut(v, " ")
			v = strings.TrimSuffix(v, ",")
		}
		if v == "" || strings.HasPrefix(v, "data:") {
			continue
		}
		if !placeholder(v) {
			return v
		}
		if first == "" {
			first = v
		}
	}
	if source := pictureSource(n); source != "" {
		return source
	}
	if noscriptSource(n) != "" {
		return ""
	}
	return first
}

// placeholders are words of the names of files that are shown until a picture is loaded.
var placeholders = []string{"blank", "placeholder", "spacer", "transparent", "lazy", "loading", "1x1", "pixel"}

// placeholder reports whether an address is that of a file that is shown until the
// picture is loaded.
func placeholder(address string) bool {
	name, _, _ := strings.Cut(address, "?")
	name = strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	return slices.ContainsFunc(placeholders, func(word string) bool { return strings.HasPrefix(name, word) })
}

// pictureSource returns the address in the first source element beside a picture.
func pictureSource(n *html.Node) string {
	if n.Parent == nil || n.Parent.DataAtom != atom.Picture {
		return ""
	}
	for c := n.Parent.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Source {
			continue
		}
		for _, key := range []string{"srcset", "data-srcset"} {
			v, _, _ := strings.Cut(strings.TrimSpace(page.Attr(c, key)), " ")
			if v = strings.TrimSuffix(v, ","); v != "" && !strings.HasPrefix(v, "data:") {
				return v
			}
		}
	}
	return ""
}

// maxNoscript is the maximum size of a noscript element that is read for a picture, in
// bytes.
const maxNoscript = 4 << 10

// noscriptSource returns the address of the picture in a noscript element directly after
// a picture, or "".
func noscriptSource(n *html.Node) string {
	for next := n.NextSibling; next != nil; next = next.NextSibling {
		if next.DataAtom != atom.Noscript || next.FirstChild == nil || len(next.FirstChild.Data) > maxNoscript {
			continue
		}
		tags := html.NewTokenizer(strings.NewReader(next.FirstChild.Data))
		for kind := tags.Next(); kind != html.ErrorToken; kind = tags.Next() {
			if token := tags.Token(); token.DataAtom == atom.Img {
				for _, a := range token.Attr {
					if a.Key == "src" && !strings.HasPrefix(a.Val, "data:") {
						return a.Val
					}
				}
			}
		}
	}
	return ""
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
