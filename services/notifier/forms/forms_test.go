package forms

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	cloudhttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// messages are the forms of messages, apart from templates.
func messages() []string {
	return slices.DeleteFunc(All(), func(form string) bool { return form == Template || IsFile(form) })
}

func render(t *testing.T, form string, e Event) Message {
	t.Helper()
	m, err := Render(form, "", e)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCloudEventsAreReadByTheSDK reads events in both modes with the SDK of the specification.
func TestCloudEventsAreReadByTheSDK(t *testing.T) {
	for _, form := range []string{CloudEvents, CloudEventsBinary} {
		for _, e := range samples() {
			m := render(t, form, e)
			header := http.Header{"Content-Type": {m.ContentType}}
			for name, value := range m.Header {
				header.Set(name, value)
			}
			request := &http.Request{Header: header, Body: http.NoBody}
			request.Body = readCloser{bytes.NewReader(m.Body)}
			event, err := binding.ToEvent(t.Context(), cloudhttp.NewMessageFromHttpRequest(request))
			if err != nil {
				t.Fatalf("%s %s: %v", form, e.Type, err)
			}
			var data struct {
				ArticleID string `json:"article_id"`
				Article   struct{ Title string }
			}
			if err := event.DataAs(&data); err != nil {
				t.Fatal(err)
			}
			if err := event.Validate(); err != nil || event.SpecVersion() != cloudevents.VersionV1 || event.ID() != e.ID ||
				event.Type() != "dateline."+e.Type || event.Subject() != e.ArticleID || !event.Time().Equal(e.Time) ||
				data.ArticleID != e.ArticleID || data.Article.Title != e.Article.GetTitle() {
				t.Errorf("%s %s: %v, data %+v, %v", form, e.Type, event, data, err)
			}
		}
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// TestNinjsHasFieldsOfTheStandard compares the fields with those of the schema of ninjs 3.1, which allows no others.
func TestNinjsHasFieldsOfTheStandard(t *testing.T) {
	known := map[string]string{
		"": "uri standard type representationType profile version firstCreated versionCreated contentCreated " +
			"embargoedUntil pubStatus urgency copyrightHolder copyrightNotice usageTerms edNote language descriptions bodies " +
			"headlines people organisations places subjects events eventDetails plannedCoverage objects infoSources title by " +
			"slugline located renditions associations altIds trustIndicators genres expires rightsInfo digitalSourceType",
		"standard": "name version schema", "descriptions": "role contentType value", "headlines": "role contentType value",
		"bodies":   "role contentType charCount wordCount value",
		"subjects": "name rel uri literal creator relevance confidence", "infoSources": "name role uri literal contactInfo",
		"altIds": "role value", "associations": "name uri type by descriptions renditions",
		"associations.descriptions": "role contentType value", "associations.renditions": "name href contentType title",
	}
	for _, e := range samples() {
		body := render(t, Ninjs, e).Body
		var item map[string]any
		if err := json.Unmarshal(body, &item); err != nil {
			t.Fatal(err)
		}
		checkFields(t, known, "", item)
		if want := map[bool]string{true: "canceled", false: "usable"}[e.Type == TypeErased]; item["pubStatus"] != want ||
			item["uri"] != "urn:dateline:article:sample" {
			t.Errorf("%s: %s", e.Type, body)
		}
	}
}

func checkFields(t *testing.T, known map[string]string, path string, item map[string]any) {
	t.Helper()
	for name, value := range item {
		if !slices.Contains(strings.Fields(known[path]), name) {
			t.Errorf("%q has the field %s, which the standard does not", path, name)
		}
		inside := strings.TrimPrefix(path+"."+name, ".")
		values, isList := value.([]any)
		if !isList {
			values = []any{value}
		}
		for _, one := range values {
			if one, is := one.(map[string]any); is {
				checkFields(t, known, inside, one)
			}
		}
	}
}

func TestLongTextIsCut(t *testing.T) {
	article := &datelinev1.Article{Text: strings.Repeat("ä", maxText), Body: []*datelinev1.Block{{Text: "ä"}}}
	e := Event{Type: TypeNew, Article: article, Revision: 1, Time: time.Now()}
	for _, form := range messages() {
		body := render(t, form, e).Body
		marked := strings.Contains(string(body), `"truncated":true`)
		wanted := slices.Contains([]string{Dateline, CloudEvents, CloudEventsBinary}, form)
		if len(body) > maxText+2000 || marked != wanted {
			t.Errorf("%s: %d bytes, marked as truncated: %t", form, len(body), marked)
		}
	}
	if len(article.GetText()) != 2*maxText {
		t.Error("the article itself was cut")
	}
}

// TestShorten cuts a text that is too long before the character that does not fit.
func TestShorten(t *testing.T) {
	long := strings.Repeat("a", maxText-1) + "é and more"
	for text, want := range map[string]string{
		"short": "short", long[:maxText-1]: long[:maxText-1], long: long[:maxText-1],
	} {
		article := &datelinev1.Article{Text: text, Body: []*datelinev1.Block{{}}}
		got, cut := Shorten(article)
		if got.GetText() != want || cut != (text != want) || (len(got.GetBody()) == 0) != cut {
			t.Errorf("a text of %d bytes: %d bytes with %d blocks, cut: %t; want %d bytes",
				len(text), len(got.GetText()), len(got.GetBody()), cut, len(want))
		}
		if article.GetText() != text {
			t.Errorf("the article itself has %d bytes now, want %d", len(article.GetText()), len(text))
		}
	}
}
