package article

import (
	"bytes"
	"regexp"
	"slices"
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
	modified, source := r.modified()
	if ts, source, conf := r.published(); ts != nil {
		r.out.Published = ts
		r.set("published", source, conf)
	}
	if modified != nil {
		r.out.Modified = modified
		r.set("modified", source, 0.85)
	}
}

// republished is how much earlier than the declared date the one shown beside the
// headline has to be for it to win. Systems that know no first publication declare
// the last change or the day of an import, while readers are shown the first; a day
// and a half is what zones and rounding to days can bring about alone.
const republished = 36 * time.Hour

func (r *reader) published() (*Timestamp, Source, float64) {
	if ts, source, conf := r.declaredDate(); ts != nil {
		if shown := r.shownNear(); shown != nil {
			if ts.Time.Sub(shown.Time) > republished {
				return shown, FromStructure, 0.75
			}
			ts = inZoneOf(ts, shown)
		}
		return ts, source, conf
	}
	fromURL := r.urlDate()
	if ts := r.signedDate(); ts != nil {
		return ts, FromStructure, 0.88
	}
	if ts := r.visibleDate(); ts != nil {
		if fromURL != nil && fromURL.Time.Sub(ts.Time).Abs() > 72*time.Hour {
			return fromURL, FromURL, 0.85
		}
		return ts, FromStructure, 0.88
	}
	if fromURL != nil {
		return fromURL, FromURL, 0.85
	}
	if ts := r.textDate(); ts != nil {
		return ts, FromText, 0.86
	}
	if ts := r.onlyDate(); ts != nil {
		return ts, FromStructure, 0.75
	}
	if ts := r.relativeLine(); ts != nil {
		return ts, FromText, 0.69
	}
	if ts := r.changedLine(); ts != nil {
		return ts, FromText, 0.57
	}
	return nil, "", 0
}

// relativeLine is the time of a line around the headline that gives it from the
// reader's moment ("3 hours ago"), which is taken for that of the fetch.
func (r *reader) relativeLine() *Timestamp {
	if r.now.IsZero() || r.titleElem == 0 {
		return nil
	}
	title := r.headlineRun()
	for i := max(0, title-linesBefore); i < min(title+linesNear, len(r.runs)); i++ {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 60 || r.elems[run.elem].within&(hintComment|hintRelated|hintNav) != 0 {
			continue
		}
		if d, ok := dates.Relative(r.textOf(run), r.now); ok {
			return timestamp(d)
		}
	}
	return nil
}

// declaredDate is the date of publication that metadata gives.
func (r *reader) declaredDate() (*Timestamp, Source, float64) {
	for _, key := range []string{"datePublished", "dateCreated", "uploadDate"} {
		if ts := r.parse(r.ldText(key)); ts != nil {
			return ts, FromJSONLD, 0.91
		}
	}
	for _, name := range publishedNames {
		if ts := r.parse(r.meta[name]); ts != nil {
			return ts, FromMeta, 0.94
		}
	}
	if ts := r.parse(r.meta[r.ownPublishedName()]); ts != nil {
		return ts, FromMeta, 0.9
	}
	if v, _ := r.prop("datePublished"); v != "" {
		if ts := r.parse(v); ts != nil {
			return ts, FromMicrodata, 0.89
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
	return nil, "", 0
}

// ownPublishedName is the first name, in order of the alphabet, of metadata of a
// system's own for the date of publication ("acme-published-date"), or "".
func (r *reader) ownPublishedName() string {
	found := ""
	for name := range r.meta {
		if ownPublished.MatchString(name) && (found == "" || name < found) {
			found = name
		}
	}
	return found
}

var ownPublished = regexp.MustCompile(`(?:^|[-_.:])(?:publish(?:ed)?|publication|pub)[-_.]?(?:date|time|on|at)?$`)

// signedDate is the date of the first byline that holds it beside an author's
// name.
func (r *reader) signedDate() *Timestamp {
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 100 || r.elems[run.elem].within&(hintComment|hintRelated|hintNav|hintFooter) != 0 {
			continue
		}
		text := r.textOf(run)
		signed := slices.ContainsFunc(r.out.Authors, func(a Author) bool { return strings.Contains(text, a.Name) })
		if signed && !changedLabel(text) && (hasByWord(text) || r.elems[run.elem].within&(hintByline|hintDate) != 0) {
			if ts := r.parse(text); ts != nil {
				return ts
			}
		}
	}
	return nil
}

// shownNear is the date of a line right behind the headline, or over it, that is
// named as a date or byline or says that it is one of publication.
func (r *reader) shownNear() *Timestamp {
	if r.titleElem == 0 {
		return nil
	}
	if ts := r.adjacentDate(); ts != nil {
		return ts
	}
	title := r.headlineRun()
	for i := max(0, title-linesBefore); i < min(title+linesNear, len(r.runs)); i++ {
		if ts := r.dateIn(&r.runs[i], func(run *run) bool {
			return run.letters < 80 && (r.elems[run.elem].within&(hintDate|hintByline) != 0 || publishedLabel(r.textOf(run)))
		}); ts != nil {
			return ts
		}
	}
	return nil
}

// linesAdjacent is how far from the headline a line that is a date needs no name
// to be the article's.
const linesAdjacent = 3

// adjacentDate is the date of a short line right beside the headline, the closest
// first.
func (r *reader) adjacentDate() *Timestamp {
	if r.titleElem == 0 {
		return nil
	}
	title := r.headlineRun()
	for distance := 1; distance <= linesAdjacent; distance++ {
		for _, i := range []int{title + distance, title - distance} {
			if i < 0 || i >= len(r.runs) {
				continue
			}
			run := &r.runs[i]
			if run.kind != runText || run.letters > 70 || isHeading(r.elems[run.elem].node.DataAtom) || r.elems[run.elem].within&(hintComment|hintRelated|hintNav) != 0 {
				continue
			}
			if text := r.textOf(run); !changedLabel(text) && !strings.Contains(text, "©") {
				if ts := r.parse(text); ts != nil {
					return ts
				}
			}
		}
	}
	return nil
}

func publishedLabel(text string) bool {
	lower := strings.ToLower(text)
	return strings.HasPrefix(lower, "published") || strings.HasPrefix(lower, "posted") || strings.HasPrefix(lower, "first published") || strings.HasPrefix(lower, "veröffentlicht") || strings.HasPrefix(lower, "publié") || strings.HasPrefix(lower, "publicado")
}

// inZoneOf is a declared time, if that is in UTC, in the zone in which the page
// shows it: the page gives the same minute by a clock that differs by a zone's
// offset.
func inZoneOf(declared, shown *Timestamp) *Timestamp {
	if _, offset := declared.Time.Zone(); offset != 0 || !declared.HasZone || shown.HasZone || shown.Precision == PrecisionDay || declared.Precision == PrecisionDay {
		return declared
	}
	ahead := shown.Time.Sub(declared.Time.Truncate(time.Minute))
	if ahead == 0 || ahead%(15*time.Minute) != 0 || ahead < -12*time.Hour || ahead > 14*time.Hour {
		return declared
	}
	local := *declared
	local.Time = declared.Time.In(time.FixedZone("", int(ahead.Seconds())))
	local.Value = local.Time.Format(time.RFC3339)
	return &local
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
	if ts := r.changedLine(); ts != nil {
		return ts, FromText
	}
	return nil, ""
}

// changedLine is the date of the first short line that says when the article was
// changed.
func (r *reader) changedLine() *Timestamp {
	for i := range r.runs {
		run := &r.runs[i]
		if run.kind != runText || run.letters > 80 || r.elems[run.elem].within&(hintComment|hintRelated|hintFooter) != 0 {
			continue
		}
		if text := r.textOf(run); changedLabel(text) {
			if ts := r.parse(text); ts != nil {
				return ts
			}
		}
	}
	return nil
}

// visibleDate is the first time element or dated byline that belongs to the
// article: behind the headline if one has its place, and in no list of others.
func (r *reader) visibleDate() *Timestamp {
	if ts := r.adjacentDate(); ts != nil {
		return ts
	}
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

// onlyDate is the only day that short lines of the page give, wherever they
// stand. Where they give several days, they are other articles'.
func (r *reader) onlyDate() *Timestamp {
	var found *Timestamp
	for i := range r.runs {
		run := &r.runs[i]
		within := r.elems[run.elem].within
		if run.kind != runText || run.letters > 60 || within&(hintComment|hintRelated) != 0 || within&hintNav != 0 && within&hintBody == 0 {
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

// headlineRun is the place of the headline's run, or of the first behind it.
func (r *reader) headlineRun() int {
	title := 0
	for title < len(r.runs) && r.runs[title].elem < r.titleElem {
		title++
	}
	return title
}

// datedLine is the first date in a short line that fits, behind the headline or
// else right over it.
func (r *reader) datedLine(fits func(*run) bool) *Timestamp {
	title := r.headlineRun()
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
	if strings.Contains(text, "©") || changedLabel(text) || len(r.out.Title) > 10 && strings.Contains(text, r.out.Title) {
		return nil
	}
	return r.parse(text)
}

// changedLabels are what lines with the time of the last change begin with.
var changedLabels = []string{"updated", "last updated", "last update", "modified", "last modified", "last reviewed", "last edited", "edited", "aktualisiert", "zuletzt aktualisiert", "stand:", "mis à jour", "mise à jour", "modifié", "actualizado", "última actualización", "atualizado", "aggiornato", "ultimo aggiornamento", "bijgewerkt", "laatste update", "laatst bijgewerkt", "uppdaterad", "senast uppdaterad", "oppdatert", "sist oppdatert", "opdateret", "päivitetty", "aktualizacja", "zaktualizowano", "aktualizováno", "aktualizované", "güncelleme", "güncellendi", "son güncelleme", "обновлено", "оновлено", "تحديث", "آخر تحديث", "بروزرسانی", "更新", "最終更新", "수정"}

func changedLabel(text string) bool {
	lower := strings.ToLower(strings.TrimLeft(text, " |·•(-–—"))
	return slices.ContainsFunc(changedLabels, func(label string) bool { return strings.HasPrefix(lower, label) })
}

var urlDate = regexp.MustCompile(`(?:^|[/_-])((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?:[/_.-]|$)`)
var urlMonthName = regexp.MustCompile(`/((?:19|20)\d\d)/([a-z]{3,9})/(\d{1,2})/`)

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
	d, ok := dates.Find(text, r.monthFirst(text))
	latest := r.now
	if latest.IsZero() {
		latest = time.Now()
	}
	if !ok || d.Time.After(latest.Add(maxFuture)) || d.Time.Year() < 1990 {
		return nil
	}
	return timestamp(d)
}

func timestamp(d dates.Date) *Timestamp {
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

// numericDate is a date that is digits alone.
var numericDate = regexp.MustCompile(`\b(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d\d)\b`)

// maxDateVotes bounds the numeric dates of a page that are looked at.
const maxDateVotes = 40

// monthFirst says that 4/5/2025 is in April: another date of the page can be read
// only that way, or it is the custom of the United States, and the page seems to
// be from there.
func (r *reader) monthFirst(text string) bool {
	if numericDate.MatchString(text) {
		month, day := 0, 0
		for _, m := range numericDate.FindAllSubmatch(r.text, maxDateVotes) {
			first, _ := strconv.Atoi(string(m[1]))
			second, _ := strconv.Atoi(string(m[2]))
			switch {
			case first > 12 && second <= 12:
				day++
			case second > 12 && first <= 12:
				month++
			}
		}
		if month != day {
			return month > day
		}
	}
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
