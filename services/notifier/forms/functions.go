package forms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
	"text/template"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

// View is what a template reads.
type View struct {
	// ID, Type, Time, Subscription, ArticleID and Revision are those of the event.
	ID, Type     string
	Time         time.Time
	Subscription string
	ArticleID    string
	Revision     int
	// The rest is empty if the article was erased.
	Title, Summary, Text, URL, Host, Site, Section, Kicker, Dateline, Language, Access string
	Authors, Tags, Images                                                              []string
	// Published is zero if the page gives no time.
	Published time.Time
	Words     int
	Labels    map[string]string
	// Truncated reports whether the text was cut.
	Truncated bool
}

func viewOf(e Event) View {
	a := e.Article
	v := View{
		ID: e.ID, Type: e.Type, Time: e.Time, Subscription: e.Subscription, ArticleID: e.ArticleID, Revision: e.Revision,
		Title: a.GetTitle(), Summary: a.GetSummary(), Text: a.GetText(), URL: a.GetCanonicalUrl(), Host: a.GetHost(),
		Section: a.GetSection(), Kicker: a.GetKicker(), Dateline: a.GetDateline(), Language: a.GetLanguage(),
		Tags: a.GetTags(), Words: int(a.GetWordCount()), Labels: a.GetLabels(), Truncated: e.truncated,
	}
	if a == nil {
		return v
	}
	v.Site = siteOf(a)
	v.Access = strings.ToLower(strings.TrimPrefix(a.GetAccess().String(), "ACCESS_"))
	for _, author := range a.GetAuthors() {
		v.Authors = append(v.Authors, author.GetName())
	}
	for _, image := range a.GetImages() {
		if image.GetUrl() != "" {
			v.Images = append(v.Images, image.GetUrl())
		}
	}
	if t := a.GetPublished().GetValue(); t.IsValid() {
		v.Published = t.AsTime()
	}
	return v
}

// functions returns the functions of templates. They replace those of the standard library that could use a lot of
// memory; and, or, not, len, index, slice and the comparisons stay.
func (r *run) functions() template.FuncMap {
	missing := func(name string) func(...any) (string, error) {
		return func(...any) (string, error) { return "", fmt.Errorf("there is no function %s", name) }
	}
	return template.FuncMap{
		stepFunction: r.step,
		"printf":     missing("printf"), "println": missing("println"), "js": missing("js"), "call": missing("call"),
		"print": func(values ...any) (string, error) {
			var parts []string
			for _, value := range values {
				text, err := r.text(value)
				if err != nil {
					return "", err
				}
				parts = append(parts, text)
			}
			joined := strings.Join(parts, "")
			return joined, r.spend(len(joined))
		},
		"json":     r.json,
		"html":     r.change(html.EscapeString),
		"urlquery": r.change(url.QueryEscape),
		"upper":    r.change(strings.ToUpper),
		"lower":    r.change(strings.ToLower),
		"trim":     r.change(strings.TrimSpace),
		"line":     r.change(func(text string) string { return strings.Join(strings.Fields(text), " ") }),
		"markdown": r.change(func(text string) string {
			return bounded(text, maxOutput, markdown)
		}),
		"truncate": func(limit int, value any) (string, error) {
			text, err := r.text(value)
			if err == nil && limit < 3 {
				err = errors.New("truncate keeps at least 3 characters")
			}
			if runes := []rune(text); err == nil && len(runes) > limit {
				text = strings.TrimSpace(string(runes[:limit-2])) + " …"
			}
			return text, err
		},
		"join": func(separator string, values []string) (string, error) {
			size := len(separator) * len(values)
			for _, value := range values {
				size += len(value)
			}
			if err := r.spend(size); err != nil {
				return "", err
			}
			return strings.Join(values, separator), nil
		},
		"default": func(other, value string) string {
			if value == "" {
				return other
			}
			return value
		},
		"date": func(layout string, t time.Time) (string, error) {
			if t.IsZero() {
				return "", nil
			}
			return t.UTC().Format(layout), r.spend(8 * len(layout))
		},
	}
}

// text returns a value as text.
func (r *run) text(value any) (string, error) {
	var text string
	switch value := value.(type) {
	case string:
		text = value
	case int, bool, float64:
		text = fmt.Sprint(value)
	case time.Time:
		text = value.Format(time.RFC3339)
	default:
		return "", fmt.Errorf("a value of type %T is not a text", value)
	}
	return text, r.spend(len(text))
}

func (r *run) change(how func(string) string) func(any) (string, error) {
	return func(value any) (string, error) {
		text, err := r.text(value)
		if err != nil {
			return "", err
		}
		text = how(text)
		return text, r.spend(len(text))
	}
}

// json returns a value as JSON, as it appears in a document.
func (r *run) json(value any) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), r.spend(out.Len())
}

// samples returns made events: of an article with all fields, of one with few, and of an erased one.
func samples() []Event {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	full := &datelinev1.Article{
		Id: "sample", CanonicalUrl: "https://example.com/sample", Host: "example.com", SiteName: "The Example",
		Title: "A \"sample\" article", Summary: "A summary.", Text: "A text\nof two lines.", Section: "News", Language: "en",
		Authors: []*datelinev1.Author{{Name: "A. Writer"}}, Tags: []string{"sample"}, WordCount: 5,
		Images:    []*datelinev1.Image{{Url: "https://example.com/picture.jpg"}},
		Published: &datelinev1.PublicationTime{Value: timestamppb.New(at)},
	}
	event := Event{ID: "sample-1", Type: TypeNew, Time: at, Subscription: "sample", ArticleID: "sample", Revision: 1}
	changed, erased := event, event
	event.Article = full
	changed.Type, changed.Article = TypeChanged, &datelinev1.Article{Id: "sample", Title: "A sample"}
	changed.Story = "story"
	changed.Changes = &textdiff.Difference{
		Title: []textdiff.Run{{Kind: textdiff.Same, Text: "A "}, {Kind: textdiff.Added, Text: "sample"}},
		Text:  []textdiff.Run{},
	}
	erased.Type, erased.Revision = TypeErased, 0
	return []Event{event, changed, erased}
}
