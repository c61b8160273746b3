package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	Pictures   bool
	PictureURL string
	Revisions  []revision
	Story      []store.StoryMember
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

// block is a part of an article's text as the page shows it.
type block struct {
	*datelinev1.Block
	Name  string // of the kind
	Level int32
	Runs  []textRun
	Image *datelinev1.Image
}

// textRun is text, and where it links to.
type textRun struct{ Text, URL string }

func (s *site) article(w http.ResponseWriter, r *http.Request) {
	hit, err := s.library.Article(r.Context(), library.Name(r.PathValue("id")))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	a := hit.Article
	path := "/articles/" + url.PathEscape(hit.ID)
	page := articlePage{Hit: hit, Pictures: r.URL.Query().Get("pictures") == "1", PictureURL: path + "?pictures=1", API: api.Prefix + path}
	if page.Pictures {
		w.Header().Set("Content-Security-Policy", contentPolicy+"; img-src https: http:")
	}
	page.Blocks, page.Lead = blocks(a), leadImage(a)
	revisions, err := s.library.Revisions(r.Context(), hit.ID)
	if err == nil {
		page.Story, err = s.library.Story(r.Context(), hit.ID)
	}
	if err != nil {
		s.failed(w, r, err)
		return
	}
	for i, one := range revisions {
		next := revision{Revision: one, Correction: library.Correction(one.Article)}
		if i > 0 {
			next.Changes = fmt.Sprintf("%s/changes?from=%d&to=%d", path, revisions[i-1].Number, one.Number)
		}
		page.Revisions = append(page.Revisions, next)
	}
	for field, p := range a.GetProvenance() {
		source := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(p.GetSource().String(), "FIELD_SOURCE_"), "_", " "))
		page.Provenance = append(page.Provenance, fieldProvenance{field, source, p.GetConfidence()})
	}
	slices.SortFunc(page.Provenance, func(a, b fieldProvenance) int { return cmp.Compare(a.Field, b.Field) })
	s.show(w, r, http.StatusOK, "article", cmp.Or(a.GetTitle(), a.GetCanonicalUrl()), page)
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
		b := block{Block: one, Name: strings.ToLower(strings.TrimPrefix(one.GetKind().String(), "BLOCK_KIND_")), Runs: runs(one)}
		// The page's own heading is the headline, and two levels follow it.
		b.Level = min(max(one.GetLevel(), 2), 6)
		if i := int(one.GetImageIndex()); one.GetKind() == datelinev1.BlockKind_BLOCK_KIND_IMAGE && i >= 0 && i < len(a.GetImages()) {
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

// runs parts a block's text at its links. Places that are not in the text, or
// out of order, are left out.
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

type changesPage struct {
	store.Hit
	Before, After store.Revision
	library.Difference
}

func (s *site) changes(w http.ResponseWriter, r *http.Request) {
	hit, err := s.library.Article(r.Context(), library.Name(r.PathValue("id")))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	revisions, err := s.library.Revisions(r.Context(), hit.ID)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("from")) // 0, the default, for what is no number
	to, _ := strconv.Atoi(r.URL.Query().Get("to"))
	before, after, err := api.ChooseRevisions(revisions, from, to)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err)
		return
	}
	s.show(w, r, http.StatusOK, "changes", "Changes: "+after.Article.GetTitle(), changesPage{hit, before, after, library.Diff(before.Article, after.Article)})
}

func (s *site) erase(w http.ResponseWriter, r *http.Request) {
	erased, err := s.library.Erase(r.Context(), r.PathValue("id"))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.log.Info("an article was erased", "article", erased.ID, "revisions", erased.Revisions)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
