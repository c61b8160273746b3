package article

import (
	"maps"
	"slices"

	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
	"github.com/dateline-news/dateline/services/extractor/article/internal/fields"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// minRepeated is the length in bytes, in normalised form, from which a text that an
// earlier page has is left out. Shorter texts, such as "* * *", may be repeated on purpose.
const minRepeated = 20

// Join returns the article whose first page is first, with the text and images of the
// other pages added in order. What an earlier page has, such as the standfirst, is not
// repeated. All other fields are those of the first page. The article is complete if the
// last page has no next one and no higher number is linked. Join does not change the pages.
func Join(first *Article, rest ...*Article) *Article {
	a := *first
	a.Body, a.Images, a.Provenance = slices.Clone(a.Body), slices.Clone(a.Images), maps.Clone(a.Provenance)
	passages := map[string]bool{norm.Fold(a.Title): true, norm.Fold(a.Summary): true}
	j := joining{Article: &a, last: a.Page, passages: passages}
	for _, b := range a.Body {
		j.passages[norm.Fold(b.Text)] = true
	}
	for _, page := range rest {
		j.add(page)
	}
	a.Text = body.Plain(a.Body)
	a.WordCount = fields.CountWords(a.Text)
	if a.Provenance["reading_time_minutes"].Source == FromText { // computed, not stated
		a.ReadingTimeMinutes = fields.ReadingTime(record.Field[int]{}, a.WordCount).Value
	}
	a.ContentHash = contentHash(a.Title, a.Text)
	a.Complete = a.NextPage == "" && j.last >= a.Pages
	if a.Pages = max(a.Pages, len(rest)+1); a.Complete {
		a.Pages = len(rest) + 1 // some sites count passages instead of pages
	}
	return &a
}

// joining is an article to which pages are added.
type joining struct {
	*Article
	passages map[string]bool // its texts in normalised form
	last     int             // number of the last page
}

// add adds a page.
func (j *joining) add(page *Article) {
	if p := page.Provenance["summary"]; p.Source == FromStructure {
		// A later page has no standfirst: it was taken from the text.
		j.addText(Block{Kind: Paragraph, Text: page.Summary})
	}
	for _, b := range page.Body {
		switch {
		case b.Kind == Picture:
			j.addImage(b, page.Images)
		case b.Text != "":
			j.addText(b)
		default:
			j.Body = append(j.Body, b)
		}
	}
	if confidence := page.Provenance["body"]; confidence.Confidence < j.Provenance["body"].Confidence {
		j.Provenance["body"] = confidence
	}
	j.Damaged = j.Damaged || page.Damaged
	j.NextPage, j.Pages, j.last = page.NextPage, max(j.Pages, page.Pages), page.Page
}

// addText adds a block unless it repeats a passage.
func (j *joining) addText(b Block) {
	folded := norm.Fold(b.Text)
	if j.passages[folded] && len(folded) >= minRepeated {
		return
	}
	j.passages[folded] = true
	j.Body = append(j.Body, b)
}

// addImage adds a block with one of the images of its page, unless the article has the
// image.
func (j *joining) addImage(b Block, images []Image) {
	if b.Image < 0 || b.Image >= len(images) {
		return
	}
	image := images[b.Image]
	if image.URL != "" && slices.ContainsFunc(j.Images, func(known Image) bool { return known.URL == image.URL }) {
		return
	}
	image.Lead = len(j.Images) == 0
	b.Image = len(j.Images)
	j.Images, j.Body = append(j.Images, image), append(j.Body, b)
}
