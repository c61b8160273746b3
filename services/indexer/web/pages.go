package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/deadletter"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/api"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

type searchPage struct {
	Filters              api.Filters
	Hits                 []searchHit
	Facets               []facet
	Counted              string
	Next, Atom, JSON     string
	JSONLines, Parquet   string
	Host, Language       string
	Error                string
	IsFiltered, HasFirst bool
	Chosen               []choice
}

type searchHit struct {
	store.Hit
	Snippet template.HTML
}

type facet struct {
	Name, Field string
	Values      []choice
}

// choice is a value of a filter and the search with it, or without it where it
// is chosen.
type choice struct {
	Field, Value, URL string
	Count             int
}

func (s *site) search(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	f := api.Filters{
		Q: v.Get("q"), Host: given(v["host"]), Language: given(v["language"]), Section: given(v["section"]), Author: given(v["author"]),
		Tag: given(v["tag"]), Label: given(v["label"]), Access: given(v["access"]), From: v.Get("from"), Before: v.Get("before"), Order: v.Get("order"),
	}
	page := searchPage{Filters: f, HasFirst: v.Get("cursor") != "", Host: strings.Join(f.Host, " "), Language: strings.Join(f.Language, " ")}
	status := http.StatusOK
	if err := s.fillSearch(r, f, &page); err != nil {
		if !errors.Is(err, store.ErrQuery) {
			s.failed(w, r, err)
			return
		}
		status, page.Error = http.StatusBadRequest, strings.TrimPrefix(err.Error(), store.ErrQuery.Error()+": ")
	}
	title := "Articles"
	if f.Q != "" {
		title = f.Q
	}
	s.show(w, r, status, "search", title, page)
}

// given leaves out empty values, which forms send.
func given(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == "" })
}

func (s *site) fillSearch(r *http.Request, f api.Filters, page *searchPage) error {
	query, err := f.Query()
	if err != nil {
		return fmt.Errorf("%w: %w", store.ErrQuery, err)
	}
	query.After = r.URL.Query().Get("cursor")
	found, err := s.library.Search(r.Context(), query)
	if err != nil {
		return err
	}
	for _, hit := range found.Hits {
		page.Hits = append(page.Hits, searchHit{hit, marked(hit.Snippet)})
	}
	values := f.Values()
	page.IsFiltered = len(values) > 0
	page.Atom, page.JSON = api.Prefix+"/feed.atom?"+values.Encode(), api.Prefix+"/feed.json?"+values.Encode()
	page.JSONLines, page.Parquet = api.Prefix+"/export?"+values.Encode(), api.Prefix+"/export?"+with(values, "format", "parquet")
	if found.Next != "" {
		page.Next = "/?" + with(values, "cursor", found.Next)
	}
	facets, err := s.library.Facets(r.Context(), query)
	if err != nil {
		return err
	}
	page.Counted = strconv.Itoa(facets.Articles)
	if !facets.Complete {
		page.Counted = "more than " + page.Counted
	}
	for _, one := range []struct {
		name, field string
		values      []store.FacetValue
	}{
		{"Site", "host", facets.Hosts}, {"Language", "language", facets.Languages}, {"Section", "section", facets.Sections},
		{"Author", "author", facets.Authors}, {"Tag", "tag", facets.Tags}, {"Access", "access", facets.Access},
	} {
		list := facet{Name: one.name, Field: one.field}
		for _, value := range one.values[:min(8, len(one.values))] {
			if !slices.Contains(values[one.field], value.Value) {
				list.Values = append(list.Values, choice{one.field, value.Value, "/?" + with(values, one.field, value.Value), value.Count})
			}
		}
		if list.Values != nil {
			page.Facets = append(page.Facets, list)
		}
		for _, value := range values[one.field] {
			page.Chosen = append(page.Chosen, choice{Field: one.name, Value: value, URL: "/?" + without(values, one.field, value)})
		}
	}
	return nil
}

func with(values url.Values, name, value string) string {
	more := url.Values{}
	for k, v := range values {
		more[k] = slices.Clone(v)
	}
	more.Add(name, value)
	return more.Encode()
}

func without(values url.Values, name, value string) string {
	less := url.Values{}
	for k, v := range values {
		less[k] = slices.DeleteFunc(slices.Clone(v), func(one string) bool { return k == name && one == value })
	}
	return less.Encode()
}

// marked writes a snippet with its matches marked; all text in it is escaped.
func marked(s store.Snippet) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range s.Matches {
		template.HTMLEscape(&b, []byte(s.Text[at:m[0]]))
		b.WriteString("<mark>")
		template.HTMLEscape(&b, []byte(s.Text[m[0]:m[1]]))
		b.WriteString("</mark>")
		at = m[1]
	}
	template.HTMLEscape(&b, []byte(s.Text[at:]))
	return template.HTML(b.String())
}

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

// pipelineHours is how many hours back the page of the pipeline shows.
const pipelineHours = 24

type pipelinePage struct {
	library.State
	Hours []pipelineHour
	Most  int64
}

type pipelineHour struct {
	Begin                              time.Time
	Asked, Fetched, Stored, Failed, No int64
}

func (s *site) pipeline(w http.ResponseWriter, r *http.Request) {
	state, err := s.library.State(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	now := time.Now().UTC().Truncate(time.Hour)
	counts, err := s.library.Hours(r.Context(), "", now.Add(-(pipelineHours-1)*time.Hour))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	page := pipelinePage{State: state, Most: 1}
	byHour := map[time.Time]*pipelineHour{}
	for i := range pipelineHours {
		hour := &pipelineHour{Begin: now.Add(-time.Duration(i) * time.Hour)}
		byHour[hour.Begin] = hour
	}
	for _, c := range counts {
		hour := byHour[c.Begin]
		if hour == nil {
			continue
		}
		n := c.Count.Count
		switch produced := c.Verdict == datelinev1.Verdict_VERDICT_PRODUCED; {
		case c.Verdict == datelinev1.Verdict_VERDICT_DEAD:
			hour.Failed += n
		case c.Verdict == datelinev1.Verdict_VERDICT_REJECTED:
			hour.No += n
		case c.Stage == datelinev1.Stage_STAGE_INTAKE && produced:
			hour.Asked += n
		case c.Stage == datelinev1.Stage_STAGE_FETCH && produced:
			hour.Fetched += n
		case c.Stage == datelinev1.Stage_STAGE_INDEX && produced:
			hour.Stored += n
		}
		page.Most = max(page.Most, hour.Fetched)
	}
	for i := range pipelineHours {
		page.Hours = append(page.Hours, *byHour[now.Add(-time.Duration(i)*time.Hour)])
	}
	s.show(w, r, http.StatusOK, "pipeline", "Pipeline", page)
}

// sourcesPerPage and lettersPerPage are how many rows a page shows.
const (
	sourcesPerPage = 200
	lettersPerPage = 50
)

type sourcesPage struct {
	Sources []sourceRow
	Next    string
}

type sourceRow struct {
	store.Source
	Produced, Rejected, Dead int64
	Health, Why              string
}

func (s *site) sources(w http.ResponseWriter, r *http.Request) {
	sources, err := s.library.Sources(r.Context(), time.Now().Add(-24*time.Hour), r.URL.Query().Get("after"), sourcesPerPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	var page sourcesPage
	for _, one := range sources {
		if one.Host != "" {
			page.Sources = append(page.Sources, health(one))
		}
	}
	if len(sources) == sourcesPerPage {
		page.Next = "/sources?after=" + url.QueryEscape(sources[len(sources)-1].Host)
	}
	s.show(w, r, http.StatusOK, "sources", "Sources", page)
}

// health judges a source by what the fetcher and the extractor made of it in
// the last day: failing where more failed than came through, refusing where
// rules let nothing through.
func health(one store.Source) sourceRow {
	row := sourceRow{Source: one, Health: "quiet", Why: "nothing was asked for in the last 24 hours"}
	var most int64
	var reason string
	for _, o := range one.Outcomes {
		if o.Stage != datelinev1.Stage_STAGE_FETCH && o.Stage != datelinev1.Stage_STAGE_EXTRACT {
			continue
		}
		switch o.Verdict {
		case datelinev1.Verdict_VERDICT_DEAD:
			row.Dead += o.Count
		case datelinev1.Verdict_VERDICT_REJECTED:
			row.Rejected += o.Count
		default:
			if o.Stage == datelinev1.Stage_STAGE_EXTRACT || o.Verdict != datelinev1.Verdict_VERDICT_PRODUCED {
				row.Produced += o.Count
			}
			continue
		}
		if o.Count > most {
			most, reason = o.Count, o.Reason
		}
	}
	switch {
	case row.Dead > row.Produced:
		row.Health, row.Why = "failing", "most often: "+reason
	case row.Produced == 0 && row.Rejected > 0:
		row.Health, row.Why = "refused", "most often: "+reason
	case row.Produced > 0:
		row.Health, row.Why = "healthy", ""
		if most > 0 {
			row.Why = fmt.Sprintf("%d did not come through, most often: %s", row.Dead+row.Rejected, reason)
		}
	}
	return row
}

type deadPage struct {
	Letters []deadletter.Brief
	Next    string
	Filter  deadletter.Filter
}

func (s *site) dead(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	filter := deadletter.Filter{Stage: v.Get("stage"), Reason: v.Get("reason"), Host: v.Get("host")}
	after, _ := strconv.ParseUint(v.Get("after"), 10, 64) // the beginning for what is no number
	letters, err := s.library.DeadLetters(r.Context(), filter, after, lettersPerPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	page := deadPage{Letters: letters, Filter: filter}
	if len(letters) == lettersPerPage {
		page.Next = "/dead-letters?" + url.Values{"stage": {filter.Stage}, "reason": {filter.Reason}, "host": {filter.Host},
			"after": {strconv.FormatUint(letters[len(letters)-1].Number, 10)}}.Encode()
	}
	s.show(w, r, http.StatusOK, "dead", "Dead letters", page)
}

func (s *site) requeue(w http.ResponseWriter, r *http.Request) {
	s.operate(w, r, "requeue", deadletter.Letters.Requeue)
}

func (s *site) drop(w http.ResponseWriter, r *http.Request) {
	s.operate(w, r, "drop", deadletter.Letters.Drop)
}

func (s *site) operate(w http.ResponseWriter, r *http.Request, name string, do func(deadletter.Letters, context.Context, deadletter.Letter) error) {
	number, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
	if err != nil {
		s.fail(w, r, http.StatusNotFound, fmt.Errorf("%q is no number of a dead letter", r.PathValue("number")))
		return
	}
	letters, err := s.library.Letters(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	letter, err := letters.Get(r.Context(), number)
	if err != nil {
		s.fail(w, r, http.StatusNotFound, err)
		return
	}
	if err := do(letters, r.Context(), letter); err != nil {
		s.failed(w, r, err)
		return
	}
	s.log.Info("a dead letter was operated on", "operation", name, "number", number, "url", letter.GetUrl())
	http.Redirect(w, r, "/dead-letters", http.StatusSeeOther)
}
