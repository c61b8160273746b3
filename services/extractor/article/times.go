package article

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
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
		shown := r.shownNear()
		if shown != nil && ts.Time.Sub(shown.Time) > republished {
			return shown, FromStructure, 0.85
		}
		return r.onOwnDay(ts, shown), source, conf
	}
	fromURL := r.urlDate()
	if ts := r.signedDate(); ts != nil {
		return ts, FromStructure, 0.9
	}
	if ts := r.titleDate(); ts != nil {
		return ts, FromText, 0.9
	}
	if ts := r.visibleDate(); ts != nil {
		if fromURL != nil && fromURL.Time.Sub(ts.Time).Abs() > 72*time.Hour {
			return fromURL, FromURL, 0.85
		}
		return ts, FromStructure, 0.9
	}
	if fromURL != nil {
		return fromURL, FromURL, 0.85
	}
	if ts := r.textDate(); ts != nil {
		return ts, FromText, 0.9
	}
	if ts := r.labelledDate(); ts != nil {
		return ts, FromText, 0.9
	}
	if ts := r.onlyDate(); ts != nil {
		return ts, FromStructure, 0.85
	}
	if ts := r.scriptDate(false); ts != nil {
		return ts, FromDataIsland, 0.7
	}
	if ts := r.relativeLine(); ts != nil {
		return ts, FromText, 0.69
	}
	if ts := r.changedLine(); ts != nil {
		return ts, FromText, 0.54
	}
	return nil, "", 0
}

// declaredDate is the date of publication that metadata gives. Of two that are one
// by different clocks, that of the meta element is the one to believe: its name
// belongs to a protocol that few systems write by hand.
func (r *reader) declaredDate() (*Timestamp, Source, float64) {
	meta := r.firstDate(publishedNames)
	for _, key := range []string{"datePublished", "dateCreated", "uploadDate"} {
		if ts := r.parse(r.ldText(key)); ts != nil {
			if meta != nil && sameClock(ts, meta) {
				break
			}
			return ts, FromJSONLD, 0.93
		}
	}
	if meta != nil {
		return meta, FromMeta, 0.95
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
		if o.Is(storyTypes...) && (r.ownStory(o) || r.out.Title != "" && fold(jsonld.String(o["headline"])) == fold(r.out.Title)) {
			if ts := r.parse(jsonld.String(o["datePublished"])); ts != nil {
				return ts, FromJSONLD, 0.85
			}
		}
	}
	return nil, "", 0
}

// firstDate is the date of the first of several meta elements that has one.
func (r *reader) firstDate(names []string) *Timestamp {
	for _, name := range names {
		if ts := r.parse(r.meta[name]); ts != nil {
			return ts
		}
	}
	return nil
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

func (r *reader) modified() (*Timestamp, Source) {
	if ts := r.parse(r.ldText("dateModified")); ts != nil {
		return ts, FromJSONLD
	}
	if ts := r.firstDate(modifiedNames); ts != nil {
		return ts, FromMeta
	}
	if v, _ := r.prop("dateModified"); v != "" {
		return r.parse(v), FromMicrodata
	}
	if ts := r.changedLine(); ts != nil {
		return ts, FromText
	}
	return nil, ""
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
	if !dates.HasNumber(text) {
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
		if r.monthVotes == nil {
			r.monthVotes = r.countMonthVotes()
		}
		if *r.monthVotes != 0 {
			return *r.monthVotes > 0
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

// countMonthVotes is how many more of the page's numeric dates can be read only with
// the month first than only with the day first.
func (r *reader) countMonthVotes() *int {
	votes := 0
	for _, m := range numericDate.FindAllSubmatch(r.text, maxDateVotes) {
		first, _ := strconv.Atoi(string(m[1]))
		second, _ := strconv.Atoi(string(m[2]))
		switch {
		case first > 12 && second <= 12:
			votes--
		case second > 12 && first <= 12:
			votes++
		}
	}
	return &votes
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
