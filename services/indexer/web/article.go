package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type articlePage struct {
	store.Hit
	Blocks     []block
	Lead       *datelinev1.Image
	Pictures   bool // whether to show pictures
	MayShow    bool // whether there are any, and the setting allows them
	PictureURL string
	Revisions  []revision
	Story      []store.StoryMember
	Sites      siteNames // of the story
	Provenance []fieldProvenance
	API        string
}

type revision struct {
	store.Revision
	Correction, Changes string
}

type fieldProvenance struct {
	Field, Source string
	Confidence    float64
}

// block is a part of an article's text as rendered on the page.
type block struct {
	*datelinev1.Block
	Name  string // name of the kind, such as paragraph
	Level int32
	Runs  []textRun
	Image *datelinev1.Image
}

// textRun is a part of a block's text, with the URL that it links to, if any.
type textRun struct{ Text, URL string }

// Levels of headings in the text. The headline is the page's h1.
const (
	topHeading    = 2
	bottomHeading = 6
)

func (s *site) article(w http.ResponseWriter, r *http.Request) {
	hit, err := s.Article(r.Context(), library.Name(r.PathValue("id")))
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	a, path := hit.Article, "/articles/"+url.PathEscape(hit.ID)
	page := articlePage{
		Hit: hit, Pictures: s.config.Pictures && r.URL.Query().Get("pictures") == "1", PictureURL: path + "?pictures=1",
		MayShow: s.config.Pictures && len(a.GetImages()) > 0,
		API:     api.Prefix + path, Blocks: blocks(a), Lead: leadImage(a), Provenance: provenance(a),
	}
	revisions, err := s.Revisions(r.Context(), hit.ID)
	if err == nil {
		page.Story, err = s.Story(r.Context(), hit.ID)
	}
	if err == nil {
		page.Sites, err = s.siteNames(r.Context(), memberHosts(page.Story))
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	for i, one := range revisions {
		next := revision{Revision: one, Correction: library.Correction(one.Article)}
		if i > 0 {
			next.Changes = fmt.Sprintf("%s/changes?from=%d&to=%d", path, revisions[i-1].Number, one.Number)
		}
		page.Revisions = append(page.Revisions, next)
	}
	s.show(w, r, http.StatusOK, "article", cmp.Or(a.GetTitle(), a.GetCanonicalUrl()), page)
}

// provenance lists where the fields were found, ordered by field.
func provenance(a *datelinev1.Article) []fieldProvenance {
	var all []fieldProvenance
	for field, p := range a.GetProvenance() {
		all = append(all, fieldProvenance{field, sourceName(p.GetSource()), p.GetConfidence()})
	}
	slices.SortFunc(all, func(a, b fieldProvenance) int { return cmp.Compare(a.Field, b.Field) })
	return all
}

// sourceName returns the name of a field's source.
func sourceName(source datelinev1.FieldSource) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(source.String(), "FIELD_SOURCE_"), "_", " "))
}

func leadImage(a *datelinev1.Article) *datelinev1.Image {
	for _, image := range a.GetImages() {
		if image.GetLead() && image.GetUrl() != "" {
			return image
		}
	}
	return nil
}

func blocks(a *datelinev1.Article) []block {
	var all []block
	for _, one := range a.GetBody() {
		b := block{
			Block: one, Name: strings.ToLower(strings.TrimPrefix(one.GetKind().String(), "BLOCK_KIND_")), Runs: runs(one),
			Level: min(max(one.GetLevel(), topHeading), bottomHeading),
		}
		i, isImage := int(one.GetImageIndex()), one.GetKind() == datelinev1.BlockKind_BLOCK_KIND_IMAGE
		if isImage && i >= 0 && i < len(a.GetImages()) {
			b.Image = a.GetImages()[i]
		}
		all = append(all, b)
	}
	if all == nil && a.GetText() != "" {
		for _, paragraph := range strings.Split(a.GetText(), "\n\n") {
			all = append(all, block{Name: "paragraph", Runs: []textRun{{Text: paragraph}}})
		}
	}
	return all
}

// runs splits a block's text at its links. Links whose position is outside the
// text or overlaps the previous link are ignored.
func runs(b *datelinev1.Block) []textRun {
	var all []textRun
	text, at := b.GetText(), 0
	for _, link := range b.GetLinks() {
		start, end := int(link.GetStart()), int(link.GetEnd())
		if start < at || end <= start || end > len(text) {
			continue
		}
		all = append(all, textRun{Text: text[at:start]}, textRun{text[start:end], link.GetUrl()})
		at = end
	}
	return append(all, textRun{Text: text[at:]})
}

func (s *site) erase(w http.ResponseWriter, r *http.Request) {
	erased, err := s.Erase(r.Context(), r.PathValue("id"))
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	s.log.Info("article erased", "article", erased.ID, "revisions", erased.Revisions)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
