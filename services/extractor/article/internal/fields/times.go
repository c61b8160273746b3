package fields

import (
	"regexp"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article/internal/dates"
	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/jsonld"
	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Time is a time of the article. Its value is nil if the page does not state it.
type Time = record.Field[*dates.Date]

func timeField(date *dates.Date, source record.Source, confidence float64) Time {
	if date == nil {
		return Time{}
	}
	return record.NewField(date, source, confidence)
}

// ReadTimes returns the times of publication and of the last change. The authors are the
// authors that the page names.
func ReadTimes(v *View, authors []record.Author) (published, modified Time) {
	published, modified = readPublished(v, authors), readModified(v)
	return v.pickedTime(page.FieldPublished, published), v.pickedTime(page.FieldModified, modified)
}

// pickedTime returns the time that a site's rules select. If they select none, it
// returns otherwise.
func (v *View) pickedTime(field page.Field, otherwise Time) Time {
	text, _ := v.Picked.Text(field)
	if date := v.dates.parse(text); date != nil {
		return record.NewField(date, record.FromRule, record.RuleConfidence)
	}
	return otherwise
}

const (
	// republished is the time by which the date beside the headline must precede the
	// declared date to be used instead. Some systems declare the last change or the day
	// of an import, but show readers the first publication. Differences of up to a day
	// and a half can result from zones and from rounding to days.
	republished = 36 * time.Hour
	// urlTolerance is the maximum distance between the date in the address and the
	// visible date. If they are farther apart, the visible date is another article's.
	urlTolerance = 72 * time.Hour
)

func readPublished(v *View, authors []record.Author) Time {
	if declared := declaredDate(v); declared.Found() {
		shown := dateNearHeadline(v)
		if shown != nil && declared.Value.Time.Sub(shown.Time) > republished {
			return record.NewField(shown, record.FromStructure, 0.85)
		}
		declared.Value = onOwnDay(v, declared.Value, shown)
		return declared
	}
	if date := signedDate(v, authors); date != nil {
		return record.NewField(date, record.FromStructure, 0.9)
	}
	if date := titleDate(v); date != nil {
		return record.NewField(date, record.FromText, 0.9)
	}
	inURL, visible := urlDate(v), visibleDate(v)
	if visible != nil && (inURL == nil || inURL.Time.Sub(visible.Time).Abs() <= urlTolerance) {
		return record.NewField(visible, record.FromStructure, 0.9)
	}
	if inURL != nil {
		return record.NewField(inURL, record.FromURL, 0.85)
	}
	for _, try := range lessCertainDates {
		if date := try.read(v); date != nil {
			return record.NewField(date, try.source, try.confidence)
		}
	}
	return Time{}
}

// lessCertainDates lists the places that are searched if the date of publication is in
// neither metadata nor the address nor a marked line.
var lessCertainDates = []struct {
	read       func(*View) *dates.Date
	source     record.Source
	confidence float64
}{
	{textDate, record.FromText, 0.85},
	{openingDate, record.FromText, 0.85},
	{labelledDate, record.FromText, 0.9},
	{onlyDate, record.FromStructure, 0.85},
	{scriptDate, record.FromDataIsland, 0.7},
	{relativeDate, record.FromText, 0.69},
	{changedDate, record.FromText, 0.54},
}

// declaredDate returns the date of publication in metadata. If JSON-LD and a meta element
// give the same time by different clocks, the meta element takes precedence: its name
// belongs to a protocol that few systems write by hand.
func declaredDate(v *View) Time {
	meta := v.firstDate(publishedNames)
	for _, key := range []string{"datePublished", "dateCreated", "uploadDate"} {
		if date := v.dates.parse(v.facts.LD(key)); date != nil {
			if meta != nil && sameClock(date, meta) {
				break
			}
			return record.NewField(date, record.FromJSONLD, 0.93)
		}
	}
	if meta != nil {
		return record.NewField(meta, record.FromMeta, 0.95)
	}
	if date := v.dates.parse(jsonld.String(v.facts.Parsely["pub_date"])); date != nil {
		return record.NewField(date, record.FromMeta, 0.9)
	}
	if date := v.dates.parse(v.facts.Meta[ownPublishedName(v)]); date != nil {
		return record.NewField(date, record.FromMeta, 0.9)
	}
	if date := v.propDate("datePublished"); date != nil {
		return record.NewField(date, record.FromMicrodata, 0.89)
	}
	for _, name := range []string{"dateCreated", "dc:created", "dc:date"} {
		if date := v.propDate(name); date != nil {
			return record.NewField(date, record.FromMicrodata, 0.85)
		}
	}
	if date := hatomDate(v); date != nil {
		return record.NewField(date, record.FromMicrodata, 0.85)
	}
	return timeField(otherObjectDate(v), record.FromJSONLD, 0.85)
}

// otherObjectDate returns the date of another JSON-LD object that describes the
// article.
func otherObjectDate(v *View) *dates.Date {
	for _, o := range v.facts.Graph.Objects {
		if !o.Is(facts.ArticleTypes...) {
			continue
		}
		sameTitle := v.title != "" && norm.Fold(jsonld.String(o["headline"])) == norm.Fold(v.title)
		if sameTitle || v.facts.Describes(o) {
			if date := v.dates.parse(jsonld.String(o["datePublished"])); date != nil {
				return date
			}
		}
	}
	return nil
}

// firstDate returns the date of the first of several meta elements that has one.
func (v *View) firstDate(names []string) *dates.Date {
	for _, name := range names {
		if date := v.dates.parse(v.facts.Meta[name]); date != nil {
			return date
		}
	}
	return nil
}

func (v *View) propDate(name string) *dates.Date {
	value, _ := v.Prop(name)
	return v.dates.parse(value)
}

// ownPublished matches names for the date of publication that systems invent
// ("acme-published-date").
var ownPublished = regexp.MustCompile(
	`(?:^|[-_.:])(?:publish(?:ed)?|publication|pub)[-_.]?(?:date|time|on|at)?$`)

// ownPublishedName returns the first such name in alphabetical order, or "".
func ownPublishedName(v *View) string {
	chosen := ""
	for name := range v.facts.Meta {
		if ownPublished.MatchString(name) && (chosen == "" || name < chosen) {
			chosen = name
		}
	}
	return chosen
}

// modifiedConfidence is the confidence of the time of the last change. It was not
// calibrated: the corpus does not give that time.
const modifiedConfidence = 0.85

func readModified(v *View) Time {
	if date := v.dates.parse(v.facts.LD("dateModified")); date != nil {
		return record.NewField(date, record.FromJSONLD, modifiedConfidence)
	}
	if date := v.firstDate(modifiedNames); date != nil {
		return record.NewField(date, record.FromMeta, modifiedConfidence)
	}
	if value, _ := v.Prop("dateModified"); value != "" {
		return timeField(v.dates.parse(value), record.FromMicrodata, modifiedConfidence)
	}
	if date := v.namedTime("updated", "modified"); date != nil {
		return record.NewField(date, record.FromStructure, modifiedConfidence)
	}
	return timeField(changedDate(v), record.FromText, modifiedConfidence)
}

// namedTime returns the machine-readable time of the first time or abbr element of the
// article with one of the classes (hAtom).
func (v *View) namedTime(classes ...string) *dates.Date {
	for _, i := range v.Times {
		n := v.Elems[i].Node
		if v.within[i]&datesOfPage != 0 {
			continue
		}
		for _, class := range classes {
			if norm.HasWord(page.Attr(n, "class"), class) && !norm.HasWord(page.Attr(n, "class"), "published") {
				return v.dates.parse(page.Attr(n, "datetime"))
			}
		}
	}
	return nil
}

var (
	datePath = regexp.MustCompile(
		`(?:^|[/_-])((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?:[/_.-]|$)`)
	monthNamePath = regexp.MustCompile(`/((?:19|20)\d\d)/([a-z]{3,9})/(\d{1,2})/`)
	yearLastPath  = regexp.MustCompile(`(?:^|[/_-])([0-3]\d)[_.-]([0-3]\d)[_.-]((?:19|20)\d\d)(?:[/_.-]|$)`)
)

// urlDate returns the date in the path of the page's address.
func urlDate(v *View) *dates.Date {
	if v.Base == nil {
		return nil
	}
	if m := datePath.FindStringSubmatch(v.Base.Path); m != nil {
		return v.dates.parse(m[1] + "-" + m[2] + "-" + m[3])
	}
	if m := monthNamePath.FindStringSubmatch(v.Base.Path); m != nil {
		return v.dates.parse(m[3] + " " + m[2] + " " + m[1])
	}
	if m := yearLastPath.FindStringSubmatch(v.Base.Path); m != nil {
		return v.dates.parse(m[1] + "/" + m[2] + "/" + m[3])
	}
	return nil
}
