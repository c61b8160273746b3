package library

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"
	"unicode/utf8"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// NewsArticle writes an article as a schema.org NewsArticle in JSON-LD.
func NewsArticle(a *datelinev1.Article) ([]byte, error) {
	type thing map[string]any
	t := thing{
		"@context": "https://schema.org", "@type": "NewsArticle", "@id": a.GetCanonicalUrl(), "url": a.GetCanonicalUrl(),
		"mainEntityOfPage": a.GetCanonicalUrl(), "headline": a.GetTitle(), "articleBody": a.GetText(), "wordCount": a.GetWordCount(),
	}
	set := func(name string, value string) {
		if value != "" {
			t[name] = value
		}
	}
	set("description", a.GetSummary())
	set("articleSection", a.GetSection())
	set("dateline", a.GetDateline())
	set("datePublished", TimeText(a.GetPublished()))
	set("dateModified", TimeText(a.GetModified()))
	if a.GetLanguage() != "und" {
		set("inLanguage", a.GetLanguage())
	}
	if len(a.GetTags()) > 0 {
		t["keywords"] = a.GetTags()
	}
	if a.GetSiteName() != "" {
		t["publisher"] = thing{"@type": "Organization", "name": a.GetSiteName()}
	}
	var authors []thing
	for _, author := range a.GetAuthors() {
		kind := "Person"
		if author.GetKind() == datelinev1.AuthorKind_AUTHOR_KIND_ORGANISATION {
			kind = "Organization"
		}
		one := thing{"@type": kind, "name": author.GetName()}
		if author.GetUrl() != "" {
			one["url"] = author.GetUrl()
		}
		authors = append(authors, one)
	}
	if authors != nil {
		t["author"] = authors
	}
	var images []thing
	for _, image := range a.GetImages() {
		if image.GetUrl() == "" {
			continue
		}
		one := thing{"@type": "ImageObject", "url": image.GetUrl()}
		if image.GetCaption() != "" {
			one["caption"] = image.GetCaption()
		}
		if image.GetCredit() != "" {
			one["creditText"] = image.GetCredit()
		}
		images = append(images, one)
	}
	if images != nil {
		t["image"] = images
	}
	switch a.GetAccess() {
	case datelinev1.Access_ACCESS_FREE:
		t["isAccessibleForFree"] = true
	case datelinev1.Access_ACCESS_PAYWALLED:
		t["isAccessibleForFree"] = false
	}
	return json.Marshal(t)
}

// TimeText writes a time as precisely as the page gives it: a day, or a time in
// RFC 3339 with the offset that was given; empty for none.
func TimeText(t *datelinev1.PublicationTime) string {
	if t.GetValue() == nil || !t.GetValue().IsValid() {
		return ""
	}
	at := t.GetValue().AsTime()
	if t.GetPrecision() == datelinev1.TimePrecision_TIME_PRECISION_DAY {
		return at.Format(time.DateOnly)
	}
	if t.UtcOffsetMinutes != nil {
		at = at.In(time.FixedZone("", int(t.GetUtcOffsetMinutes())*60))
	}
	return at.Format(time.RFC3339)
}

// Ninjs writes an article as a news item of IPTC's ninjs 3.0.
func Ninjs(hit store.Hit) ([]byte, error) {
	type valued struct {
		Role        string `json:"role"`
		ContentType string `json:"contentType,omitempty"`
		CharCount   int    `json:"charCount,omitempty"`
		WordCount   int    `json:"wordCount,omitempty"`
		Value       string `json:"value"`
	}
	type named struct {
		Name string `json:"name"`
	}
	type association struct {
		Name         string   `json:"name"`
		URI          string   `json:"uri"`
		Type         string   `json:"type"`
		By           string   `json:"by,omitempty"`
		Descriptions []valued `json:"descriptions,omitempty"`
	}
	type standard struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	a := hit.Article
	item := struct {
		URI            string        `json:"uri"`
		Standard       standard      `json:"standard"`
		Type           string        `json:"type"`
		Version        string        `json:"version"`
		FirstCreated   string        `json:"firstCreated"`
		VersionCreated string        `json:"versionCreated"`
		ContentCreated string        `json:"contentCreated,omitempty"`
		Language       string        `json:"language,omitempty"`
		By             string        `json:"by,omitempty"`
		Located        string        `json:"located,omitempty"`
		Headlines      []valued      `json:"headlines,omitempty"`
		Descriptions   []valued      `json:"descriptions,omitempty"`
		Bodies         []valued      `json:"bodies,omitempty"`
		Subjects       []named       `json:"subjects,omitempty"`
		Associations   []association `json:"associations,omitempty"`
	}{
		URI: a.GetCanonicalUrl(), Standard: standard{"ninjs", "3.0"}, Type: "text", Version: fmt.Sprint(hit.Revisions),
		FirstCreated: hit.FirstSeen.Format(time.RFC3339), VersionCreated: a.GetFetchTime().AsTime().Format(time.RFC3339),
		By: strings.Join(authorNames(a), ", "), Located: a.GetDateline(),
	}
	if text := TimeText(a.GetPublished()); strings.Contains(text, "T") { // a date alone is no date-time
		item.ContentCreated = text
	}
	if a.GetLanguage() != "und" {
		item.Language = a.GetLanguage()
	}
	if a.GetTitle() != "" {
		item.Headlines = []valued{{Role: "main", Value: a.GetTitle()}}
	}
	if a.GetSummary() != "" {
		item.Descriptions = []valued{{Role: "summary", ContentType: "text/plain", Value: a.GetSummary()}}
	}
	if a.GetText() != "" {
		words := int(a.GetWordCount())
		item.Bodies = []valued{
			{Role: "main", ContentType: "text/plain", CharCount: utf8.RuneCountInString(a.GetText()), WordCount: words, Value: a.GetText()},
			{Role: "richtext", ContentType: "application/xhtml+xml", Value: xhtml(a)},
		}
	}
	for _, tag := range a.GetTags() {
		item.Subjects = append(item.Subjects, named{tag})
	}
	for i, image := range a.GetImages() {
		if image.GetUrl() == "" {
			continue
		}
		one := association{Name: fmt.Sprintf("image%d", i+1), URI: image.GetUrl(), Type: "picture", By: image.GetCredit()}
		if image.GetCaption() != "" {
			one.Descriptions = []valued{{Role: "caption", ContentType: "text/plain", Value: image.GetCaption()}}
		}
		item.Associations = append(item.Associations, one)
	}
	return json.Marshal(item)
}

func authorNames(a *datelinev1.Article) []string {
	var names []string
	for _, author := range a.GetAuthors() {
		names = append(names, author.GetName())
	}
	return names
}

// xhtml writes the text in paragraphs, headings, quotations and lists.
func xhtml(a *datelinev1.Article) string {
	var b strings.Builder
	element := func(name, text string) { fmt.Fprintf(&b, "<%s>%s</%s>", name, html.EscapeString(text), name) }
	for _, block := range a.GetBody() {
		switch block.GetKind() {
		case datelinev1.BlockKind_BLOCK_KIND_HEADING:
			element(fmt.Sprintf("h%d", min(max(block.GetLevel(), 2), 6)), block.GetText())
		case datelinev1.BlockKind_BLOCK_KIND_QUOTE:
			b.WriteString("<blockquote>")
			element("p", block.GetText())
			b.WriteString("</blockquote>")
		case datelinev1.BlockKind_BLOCK_KIND_LIST:
			name := "ul"
			if block.GetOrdered() {
				name = "ol"
			}
			fmt.Fprintf(&b, "<%s>", name)
			for _, item := range block.GetItems() {
				element("li", item)
			}
			fmt.Fprintf(&b, "</%s>", name)
		case datelinev1.BlockKind_BLOCK_KIND_CODE:
			element("pre", block.GetText())
		case datelinev1.BlockKind_BLOCK_KIND_IMAGE, datelinev1.BlockKind_BLOCK_KIND_EMBED:
		default:
			if block.GetText() != "" {
				element("p", block.GetText())
			}
		}
	}
	return b.String()
}
