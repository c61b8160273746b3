package article

import (
	_ "embed"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/wordlist"
)

const (
	maxImages  = 100
	smallImage = 60 // pixels: below are icons and counters
)

// addPicture adds an image block and its image.
func (r *reader) addPicture(run *run) {
	if i := r.addImage(run); i >= 0 {
		r.out.Body = append(r.out.Body, Block{Kind: Picture, Image: i})
	}
}

// addImage adds a run's picture to the article's images, and returns its place,
// or -1 for an icon, a portrait of the author or a repeat.
func (r *reader) addImage(run *run) int {
	n := run.media
	if len(r.out.Images) >= maxImages || r.decoration(run) {
		return -1
	}
	img := Image{URL: resolve(r.base, imageSource(n)), Alt: squeeze(attr(n, "alt"))}
	if img.URL == "" && img.Alt == "" {
		return -1
	}
	for i := range r.out.Images {
		if r.out.Images[i].URL == img.URL && r.out.Images[i].Alt == img.Alt {
			return -1
		}
	}
	img.Caption, img.Credit = r.captionOf(run)
	r.out.Images = append(r.out.Images, img)
	return len(r.out.Images) - 1
}

func (r *reader) decoration(run *run) bool {
	n := run.media
	for _, key := range []string{"width", "height"} {
		if px, err := strconv.Atoi(strings.TrimSuffix(attr(n, key), "px")); err == nil && px < smallImage {
			return true
		}
	}
	within := r.elems[run.elem].within
	if within&(hintByline|hintAuthorBox|hintShare|hintRelated|hintNav|hintFooter|hintAd|hintSidebar|hintComment|hintNewsletter) != 0 {
		return true
	}
	lower := strings.ToLower(attr(n, "class") + " " + attr(n, "alt"))
	for _, word := range []string{"avatar", "logo", "icon", "profile picture", "gravatar", "emoji", "pixel"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// imageSource is the address of a picture, also where a script is to load it.
func imageSource(n *html.Node) string {
	for _, key := range []string{"src", "data-src", "data-original", "data-lazy-src", "data-srcset", "srcset"} {
		v := strings.TrimSpace(attr(n, key))
		if v == "" || strings.HasPrefix(v, "data:") {
			continue
		}
		if strings.HasSuffix(key, "srcset") {
			v, _, _ = strings.Cut(v, " ")
			v = strings.TrimSuffix(v, ",")
		}
		return v
	}
	return ""
}

// captionOf is the caption and credit of a picture: those of its figure, else
// of the lines right behind it that are named as such.
func (r *reader) captionOf(picture *run) (caption, credit string) {
	area := r.outerFigure(picture.elem)
	at := 0
	for at < len(r.runs) && &r.runs[at] != picture {
		at++
	}
	for i := at + 1; i < len(r.runs) && i <= at+4; i++ {
		run := &r.runs[i]
		if run.kind != runText {
			break
		}
		e := &r.elems[run.elem]
		inFigure := area >= 0 && run.elem < r.elems[area].end && run.elem > area
		text := squeeze(r.textOf(run))
		c, by := splitCredit(text)
		named := e.within&(hintCaption|hintCredit) != 0
		if !inFigure && !named && (by == "" || i > at+1 || run.letters > 500) {
			break
		}
		run.verdict = dropCaption
		if e.within&hintCredit != 0 && e.within&hintCaption == 0 && by == "" {
			c, by = "", text
		}
		caption = strings.TrimSpace(caption + " " + c)
		if credit == "" {
			credit = by
		}
	}
	return caption, credit
}

func (r *reader) outerFigure(elem int32) int32 {
	for range 6 {
		if elem <= 0 {
			return -1
		}
		if r.elems[elem].node.DataAtom == atom.Figure {
			return elem
		}
		elem = r.elems[elem].parent
	}
	return -1
}

//go:embed lists/credit_marks.txt
var creditMarkList string

var creditMarks = wordlist.Entries(creditMarkList)

// splitCredit cuts the credit off a caption's end.
func splitCredit(text string) (caption, credit string) {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return text, ""
	}
	at, width := -1, 0
	for _, mark := range creditMarks {
		i := strings.LastIndex(lower, mark)
		if i < 0 || i > 0 && wordGoesOn(text, i) {
			continue
		}
		if at < 0 || i < at || i == at && len(mark) > width {
			at, width = i, len(mark)
		}
	}
	if at < 0 || len(text)-at-width > 100 {
		return text, ""
	}
	credit = strings.Trim(text[at+width:], " .()|·–-")
	if credit == "" {
		return text, ""
	}
	return strings.TrimRight(text[:at], " |·–-(/"), credit
}

// wordGoesOn says that s[i] stands within a word.
func wordGoesOn(s string, i int) bool { return !wordEnds(s, i) }

// readLead finds the article's lead image: the first picture between the
// headline and the text, else the first of the body, else the declared one.
func (r *reader) readLead(firstText int) {
	start := 0
	if r.titleElem > 0 {
		for i := range r.runs {
			if r.runs[i].elem >= r.titleElem {
				start = i
				break
			}
		}
	}
	for i := start; i < firstText && i < len(r.runs); i++ {
		if r.runs[i].kind == runImage && r.runs[i].verdict != kept {
			r.addImage(&r.runs[i])
		}
	}
}

// finishImages adds the declared picture where the page shows none, and marks
// the lead.
func (r *reader) finishImages() {
	source, conf := FromStructure, 0.8
	if len(r.out.Images) == 0 {
		img := Image{URL: resolve(r.base, r.meta["og:image"]), Alt: r.meta["og:image:alt"]}
		source, conf = FromOpenGraph, 0.75
		if data := r.ldImage(); img.URL == "" || data.Caption != "" {
			img, source = data, FromJSONLD
		}
		if img.URL != "" && !strings.Contains(strings.ToLower(img.URL), "logo") {
			r.out.Images = append(r.out.Images, img)
		}
	}
	if len(r.out.Images) > 0 {
		r.out.Images[0].Lead = true
		r.set("images", source, conf)
	}
}

// ldImage is the picture that the article's JSON-LD object gives.
func (r *reader) ldImage() Image {
	if r.story == nil {
		return Image{}
	}
	for _, v := range jsonld.List(r.story["image"]) {
		v = r.graph.Resolve(v)
		o, isObject := v.(map[string]any)
		if !isObject {
			if u := resolve(r.base, jsonld.String(v)); u != "" {
				return Image{URL: u}
			}
			continue
		}
		img := Image{URL: resolve(r.base, jsonld.String(o["url"])), Alt: squeeze(jsonld.String(o["name"]))}
		if img.URL == "" {
			img.URL = resolve(r.base, jsonld.String(o["contentUrl"]))
		}
		img.Caption, img.Credit = splitCredit(squeeze(jsonld.String(o["caption"])))
		for _, key := range []string{"creditText", "copyrightHolder", "author"} {
			if img.Credit == "" {
				img.Credit = squeeze(jsonld.String(r.graph.Resolve(o[key])))
			}
		}
		if img.URL != "" {
			return img
		}
	}
	return Image{}
}
