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
	Blocks []block
	// Permalink is the revision that is shown, if the page is the permanent one of a revision.
	Permalink *store.Revision
	IsNewest  bool
	Path      string // of the article, or of the revision that is shown
	// Captures is the number of captures of the article's URLs in the archive.
	Captures   int
	Lead       *datelinev1.Image
	Pictures   bool // whether to show pictures
	MayShow    bool // whether there are any, and the setting allows them
	PictureURL string
	Revisions  []revision
	Story      []store.StoryMember
	Sites      siteNames // of the story
	Provenance []fieldProvenance
	API        string
	TextNote   string // that the text of the revision was deleted, or empty
}

type revision struct {
	store.Revision
	Correction, Changes, Path string
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

// article shows an article, or one of its revisions if the path names one.
func (s *site) article(w http.ResponseWriter, r *http.Request) {
	hit, err := s.Article(r.Context(), library.Name(r.PathValue("id")))
	var revisions []store.Revision
	if err == nil {
		revisions, err = s.Revisions(r.Context(), hit.ID)
	}
	page := articlePage{Hit: hit, Path: articleURL(hit.ID)}
	if number := r.PathValue("revision"); err == nil && number != "" {
		var shown store.Revision
		shown, err = revisionOf(hit, revisions, number)
		page.TextNote = library.TextNote(shown)
		page.Permalink, page.Article, page.Path = &shown, shown.Article, revisionURL(hit.ID, shown.Number)
		page.IsNewest = err == nil && shown.Number == revisions[len(revisions)-1].Number
	}
	if err == nil {
		page.addRevisions(revisions)
		err = s.fillArticle(r, &page)
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "article", cmp.Or(page.Article.GetTitle(), page.Article.GetCanonicalUrl()), page)
}

// fillArticle adds what belongs to the record that the page shows, and the copies and the
// captures of the article.
func (s *site) fillArticle(r *http.Request, page *articlePage) error {
	a := page.Article
	page.Pictures = s.config.Pictures && r.URL.Query().Get("pictures") == "1"
	page.PictureURL, page.MayShow = page.Path+"?pictures=1", s.config.Pictures && len(a.GetImages()) > 0
	page.API, page.Blocks, page.Lead, page.Provenance = api.Prefix+page.Path, blocks(a), leadImage(a), provenance(a)
	captured, err := s.Captures(r.Context(), a)
	if err != nil {
		return err
	}
	page.Captures = len(captured)
	if page.Story, err = s.Story(r.Context(), page.ID); err != nil {
		return err
	}
	page.Sites, err = s.siteNames(r.Context(), memberHosts(page.Story))
	return err
}

func (p *articlePage) addRevisions(revisions []store.Revision) {
	for i, one := range revisions {
		next := revision{
			Revision: one, Correction: library.Correction(one.Article), Path: revisionURL(p.ID, one.Number),
		}
		if i > 0 && library.TextNote(one) == "" && library.TextNote(revisions[i-1]) == "" {
			next.Changes = fmt.Sprintf("%s/changes?from=%d&to=%d", articleURL(p.ID), revisions[i-1].Number, one.Number)
		}
		p.Revisions = append(p.Revisions, next)
	}
}

// ShownNumber returns the number of the revision of a permanent page.
func (p articlePage) ShownNumber() int { return p.Permalink.Number }

// CompareURL returns the path of the difference between that revision and the newest one.
func (p articlePage) CompareURL() string {
	return fmt.Sprintf("%s/changes?from=%d&to=%d", articleURL(p.ID), p.Permalink.Number,
		p.Revisions[len(p.Revisions)-1].Number)
}

// articleURL returns the path of an article, and revisionURL that of one of its revisions.
func articleURL(id string) string { return "/articles/" + url.PathEscape(id) }

func revisionURL(id string, number int) string {
	return fmt.Sprintf("%s/revisions/%d", articleURL(id), number)
}

// revisionOf returns the revision of an article with a number.
func revisionOf(hit store.Hit, revisions []store.Revision, number string) (store.Revision, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return store.Revision{}, fmt.Errorf("%.20q is not the number of a revision: %w", number, store.ErrNotFound)
	}
	return library.RevisionOf(hit, revisions, n)
}

// namedRecord returns the record of the article that a path names, or of its revision.
func (s *site) namedRecord(r *http.Request) (*datelinev1.Article, error) {
	hit, err := s.Article(r.Context(), library.Name(r.PathValue("id")))
	number := r.PathValue("revision")
	if err != nil || number == "" {
		return hit.Article, err
	}
	revisions, err := s.Revisions(r.Context(), hit.ID)
	if err != nil {
		return nil, err
	}
	one, err := revisionOf(hit, revisions, number)
	return one.Article, err
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
