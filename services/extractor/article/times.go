package article

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"golang.org/x/net/html/atom"
)

var (
	publishedNames = []string{"article:published_time", "article:published", "og:published_time", "og:article:published_time", "datepublished", "date_published", "publishdate", "publish-date", "publish_date", "pubdate", "parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.created", "dcterms.date", "dc.date", "dc.date.created", "citation_publication_date", "citation_date", "cxenseparse:recs:publishtime", "article.published", "originalpublicationdate", "published_time", "publication_date", "published", "bt:pubdate", "article_date_original", "datecreated", "date", "rnews:datepublished", "shareaholic:article_published_time", "timestamp", "pub_date", "created", "last-publish", "dcterms.issued", "ptime", "displaydate", "release_date"}
	modifiedNames  = []string{"article:modified_time", "og:updated_time", "og:modified_time", "datemodified", "dcterms.modified", "dc.date.modified", "last-modified", "lastmod", "article.updated", "bt:moddate", "modified_time", "revised", "shareaholic:article_modified_time", "article:updated_time", "updated_time", "last_updated"}
)

// readTimes reads when the article was published and changed.
func (r *reader) readTimes() {
	if ts, source, conf := r.published(); ts != nil {
		r.out.Published = ts
		r.set("published", source, conf)
	}
	if ts, source := r.modified(); ts != nil {
		r.out.Modified = ts
		r.set("modified", source, 0.85)
	}
}

func (r *reader) published() (*Timestamp, Source, float64) {
	for _, key := range []string{"datePublished", "dateCreated", "uploadDate"} {
		if ts := r.parse(r.ldText(key)); ts != nil {
			return ts, FromJSONLD, 0.95
		}
	}
	for _, name := range publishedNames {
		if ts := r.parse(r.meta[name]); ts != nil {
			return ts, FromMeta, 0.92
		}
	}
	if v, _ := r.prop("datePublished"); v != "" {
		if ts := r.parse(v); ts != nil {
			return ts, FromMicrodata, 0.92
		}
	}
	if v, _ := r.prop("dateCreated"); v != "" {
		if ts := r.parse(v); ts != nil {
			return ts, FromMicrodata, 0.85
		}
	}
	for _, o := range r.graph.Objects {
		if o.Is(storyTypes...) && r.ownStory(o) {
			if ts := r.parse(jsonld.String(o["datePublished"])); ts != nil {
				return ts, FromJSONLD, 0.85
			}
		}
	}
	fromURL := r.urlDate()
	if ts := r.visibleDate(); ts != nil {
		if fromURL != nil && fromURL.Time.Sub(ts.Time).Abs() > 72*time.Hour {
			return fromURL, FromURL, 0.8
		}
		return ts, FromStructure, 0.8
	}
	if fromURL != nil {
		return fromURL, FromURL, 0.85
	}
	if ts := r.textDate(); ts != nil {
		return ts, FromText, 0.6
	}
	if ts := r.asideDate(); ts != nil {
		return ts, FromStructure, 0.5
	}
	return nil, "", 0
}

func (r *reader) modified() (*Timestamp, Source) {
	if ts := r.parse(r.ldText("dateModified")); ts != nil {
		return ts, FromJSONLD
	}
	for _, name := range modifiedNames {
		if ts := r.parse(r.meta[name]); ts != nil {
			return ts, FromMeta
		}
	}
	if v, _ := r.prop("dateModified"); v != "" {
		return r.parse(v), FromMicrodata
	}
	return nil, ""
}

// visibleDate is the first time element or dated byline that belongs to the
// article: behind the headline if one has its place, and in no list of others.
func (r *reader) visibleDate() *Timestamp {
	var before *Timestamp
	for _, i := range r.times {
		e := &r.elems[i]
		if e.within&(hintComment|hintRelated|hintSidebar|hintFooter|hintNav) != 0 {
			continue
		}
		value := attr(e.node, "datetime")
		ts := r.parse(value)
		if ts == nil {
			ts = r.parse(nodeText(e.node))
		}
		if ts == nil || changedLabel(nodeText(e.node)) {
			continue
		}
		if i > r.titleElem {
			return ts
		}
		before = ts
	}
	if ts := r.datedLine(func(run *run) bool {
		return r.elems[run.elem].within&(hintDate|hintByline) != 0
	}); ts != nil {
		return ts
	}
	return before
}

// textDate is a date in a short line near the headline.
func (r *reader) textDate() *Timestamp {
	return r.datedLine(func(*run) bool { return true })
}

// asideDate is the only day that elements named as dates, or time elements, give
// in the columns and footers of the page. Where these give several days, they
// are other articles'.
func (r *reader) asideDate() *Timestamp {
	var found *Timestamp
	for i := range r.runs {
		run := &r.runs[i]
		within := r.elems[run.elem].within
		if run.kind != runText || run.letters > 60 || within&hintDate == 0 || within&(hintComment|hintRelated|hintNav) != 0 {
			continue
		}
		text := r.textOf(run)
		if strings.Contains(text, "©") || changedLabel(text) {
			continue
		}
		ts := r.parse(text)
		switch {
		case ts == nil:
		case found == nil:
			found = ts
		case !sameDate(found.Time, ts.Time):
			return nil
		}
	}
	return found
}

func sameDate(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

const (
	linesBefore = 8  // short lines over the headline that may hold the date
	linesNear   = 12 // lines behind it that are looked at before those
	linesBehind = 60 // lines behind it that are looked at last
)

// datedLine is the first date in a short line that fits, behind the headline or
// else right over it.
func (r *reader) datedLine(fits func(*run) bool) *Timestamp {
	title := 0
	for title < len(r.runs) && r.runs[title].elem < r.titleElem {
		title++
	}
	near, far := min(title+linesNear, len(r.runs)), min(title+linesBehind, len(r.runs))
	for i := title; i < near; i++ {
		if ts := r.dateIn(&r.runs[i], fits); ts != nil {
			return ts
		}
	}
	for i := title - 1; i >= max(0, title-linesBefore); i-- {
		if ts := r.dateIn(&r.runs[i], fits); ts != nil {
			return ts
		}
	}
	for i := near; i < far; i++ {
		if ts := r.dateIn(&r.runs[i], fits); ts != nil {
			return ts
		}
	}
	return nil
}

func (r *reader) dateIn(run *run, fits func(*run) bool) *Timestamp {
	within := r.elems[run.elem].within
	if run.kind != runText || run.letters > 150 || within&(hintComment|hintRelated|hintSidebar|hintFooter|hintNav) != 0 || r.elems[run.elem].node.DataAtom == atom.H1 || !fits(run) {
		return nil
	}
	text := r.textOf(run)
	if strings.Contains(text, "©") || changedLabel(text) {
		return nil
	}
	return r.parse(text)
}

func changedLabel(text string) bool {
	lower := strings.ToLower(text)
	return strings.HasPrefix(lower, "updated") || strings.HasPrefix(lower, "last updated") || strings.HasPrefix(lower, "modified") || strings.HasPrefix(lower, "aktualisiert")
}

var urlDate = regexp.MustCompile(`(?:^|[/_-])((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?:[/_.-]|$)`)
var urlMonthName = regexp.MustCompile(`/((?:19|20)\d\d)/([a-z]{3})/(\d{1,2})/`)

func (r *reader) urlDate() *Timestamp {
	if r.base == nil {
		return nil
	}
	if m := urlDate.FindStringSubmatch(r.base.Path); m != nil {
		return r.parse(m[1] + "-" + m[2] + "-" + m[3])
	}
	if m := urlMonthName.FindStringSubmatch(r.base.Path); m != nil {
		return r.parse(m[3] + " " + m[2] + " " + m[1])
	}
	return nil
}

// maxFuture is how far after the fetch a date may lie: zones and clocks differ.
const maxFuture = 48 * time.Hour

// parse reads a date and disbelieves one from the future.
func (r *reader) parse(text string) *Timestamp {
	if text == "" {
		return nil
	}
	d, ok := dates.Find(text, r.monthFirst())
	if !ok || !r.now.IsZero() && d.Time.After(r.now.Add(maxFuture)) || d.Time.Year() < 1990 {
		return nil
	}
	ts := &Timestamp{Time: d.Time, HasZone: d.HasZone}
	layout := time.DateOnly
	switch d.Precision {
	case dates.Day:
		ts.Precision = PrecisionDay
	case dates.Minute:
		ts.Precision, layout = PrecisionMinute, "2006-01-02T15:04:05"
	case dates.Second:
		ts.Precision, layout = PrecisionSecond, "2006-01-02T15:04:05"
	}
	if d.HasZone {
		layout += "Z07:00"
	}
	ts.Value = d.Time.Format(layout)
	return ts
}

// monthFirst says that 4/5/2025 is in April: the custom of the United States.
func (r *reader) monthFirst() bool {
	if r.lang != "en" && r.lang != "" {
		return false
	}
	if r.base != nil {
		host := r.base.Hostname()
		for _, tld := range []string{".uk", ".au", ".nz", ".in", ".ie", ".za", ".pk", ".ng", ".ke", ".my", ".sg"} {
			if strings.HasSuffix(host, tld) {
				return false
			}
		}
	}
	return !strings.HasPrefix(strings.ToLower(r.meta["og:locale"]), "en_gb")
}

var readingTime = regexp.MustCompile(`(?i)(?:^|[^\d])(\d{1,3})(?:\s|-|\xa0)*(?:min|mins|minute|minutes|minuten|minuti|minutos|dk|мин|分)\.?(?:\s|-)*(?:read|lesezeit|lesedauer|de lecture|de lectura|di lettura|de leitura|okuma|чтения|leestijd|läsning|で読)|(?i:reading time|lesezeit|lesedauer|temps de lecture|tiempo de lectura|tempo di lettura|tempo de leitura|leestijd)\D{0,12}(\d{1,3})`)

// statedReadingTime is the reading time in minutes that a short line states.
func (r *reader) statedReadingTime() int {
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 160 || r.elems[run.elem].within&(hintRelated|hintSidebar|hintFooter|hintComment) != 0 {
			continue
		}
		if !bytes.ContainsAny(r.text[run.from:run.to], "0123456789") {
			continue
		}
		m := readingTime.FindSubmatch(r.text[run.from:run.to])
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(string(m[1]) + string(m[2]))
		if n > 0 {
			return n
		}
	}
	return 0
}
