package fields

import (
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Images are the images of an article.
type Images = record.Field[[]record.Image]

// ReadImages returns the images that the page shows, or else the declared image. It
// marks the lead image.
func ReadImages(p *page.Page, f *facts.Facts, shown []record.Image) Images {
	images := record.NewField(shown, record.FromStructure, 0.8)
	if len(shown) == 0 {
		images = declaredImage(p, f)
	}
	if len(images.Value) == 0 {
		return Images{}
	}
	images.Value[0].Lead = true
	return images
}

func declaredImage(p *page.Page, f *facts.Facts) Images {
	img := record.Image{URL: p.Resolve(f.Meta["og:image"]), Alt: f.Meta["og:image:alt"]}
	source, confidence := record.FromOpenGraph, 0.75
	if data := ldImage(p, f); img.URL == "" || data.Caption != "" {
		img, source = data, record.FromJSONLD
	}
	if img.URL == "" || strings.Contains(strings.ToLower(img.URL), "logo") {
		return Images{}
	}
	return record.NewField([]record.Image{img}, source, confidence)
}

// ldImage returns the image of the article's JSON-LD object.
func ldImage(p *page.Page, f *facts.Facts) record.Image {
	for _, image := range jsonld.List(f.Article["image"]) {
		image = f.Graph.Resolve(image)
		o, isObject := image.(map[string]any)
		if !isObject {
			if u := p.Resolve(jsonld.String(image)); u != "" {
				return record.Image{URL: u}
			}
			continue
		}
		img := record.Image{URL: p.Resolve(jsonld.String(o["url"])), Alt: norm.Squeeze(jsonld.String(o["name"]))}
		if img.URL == "" {
			img.URL = p.Resolve(jsonld.String(o["contentUrl"]))
		}
		img.Caption, img.Credit = SplitCredit(norm.Squeeze(jsonld.String(o["caption"])))
		for _, key := range []string{"creditText", "copyrightHolder", authorKey} {
			if img.Credit == "" {
				img.Credit = norm.Squeeze(jsonld.String(f.Graph.Resolve(o[key])))
			}
		}
		if img.URL != "" {
			return img
		}
	}
	return record.Image{}
}

// maxCredit is the maximum length of a credit, in bytes. A longer text after a
// mark such as "source:" is part of the caption.
const maxCredit = 100

// SplitCredit splits a caption from the credit at its end.
func SplitCredit(text string) (caption, credit string) {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return text, ""
	}
	at, width := -1, 0
	for _, mark := range creditMarks {
		if !strings.Contains(lower, mark) { // much faster than LastIndex
			continue
		}
		i := strings.LastIndex(lower, mark)
		if i > 0 && !norm.WordEnds(text, i) {
			continue
		}
		if at < 0 || i < at || i == at && len(mark) > width {
			at, width = i, len(mark)
		}
	}
	if at < 0 || len(text)-at-width > maxCredit {
		return text, ""
	}
	credit = strings.Trim(text[at+width:], " .()|·–-")
	if credit == "" {
		return text, ""
	}
	return strings.TrimRight(text[:at], " |·–-(/"), credit
}
