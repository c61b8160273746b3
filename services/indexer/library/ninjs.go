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

// The parts of a news item that ninjs 3.0 defines and Dateline fills in. The
// field order is the order in the output.
type (
	ninjsItem struct {
		URI            string             `json:"uri"`
		Standard       ninjsStandard      `json:"standard"`
		Type           string             `json:"type"`
		Version        string             `json:"version"`
		FirstCreated   string             `json:"firstCreated"`
		VersionCreated string             `json:"versionCreated"`
		ContentCreated string             `json:"contentCreated,omitempty"`
		Language       string             `json:"language,omitempty"`
		By             string             `json:"by,omitempty"`
		Located        string             `json:"located,omitempty"`
		Headlines      []ninjsText        `json:"headlines,omitempty"`
		Descriptions   []ninjsText        `json:"descriptions,omitempty"`
		Bodies         []ninjsText        `json:"bodies,omitempty"`
		Subjects       []ninjsSubject     `json:"subjects,omitempty"`
		Associations   []ninjsAssociation `json:"associations,omitempty"`
	}
	ninjsStandard struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	ninjsText struct {
		Role        string `json:"role"`
		ContentType string `json:"contentType,omitempty"`
		CharCount   int    `json:"charCount,omitempty"`
		WordCount   int    `json:"wordCount,omitempty"`
		Value       string `json:"value"`
	}
	ninjsSubject struct {
		Name string `json:"name"`
	}
	ninjsAssociation struct {
		Name         string      `json:"name"`
		URI          string      `json:"uri"`
		Type         string      `json:"type"`
		By           string      `json:"by,omitempty"`
		Descriptions []ninjsText `json:"descriptions,omitempty"`
	}
)

// Ninjs encodes an article as a news item of IPTC ninjs 3.0.
func Ninjs(hit store.Hit) ([]byte, error) {
	a := hit.Article
	item := ninjsItem{
		URI: a.GetCanonicalUrl(), Standard: ninjsStandard{"ninjs", "3.0"}, Type: "text",
		Version:        fmt.Sprint(hit.Revisions),
		FirstCreated:   hit.FirstSeen.Format(time.RFC3339),
		VersionCreated: a.GetFetchTime().AsTime().Format(time.RFC3339),
		By:             strings.Join(authorNames(a), ", "), Located: a.GetDateline(),
		Bodies: ninjsBodies(a), Associations: ninjsImages(a),
	}
	// contentCreated is a date-time: a date without a time of day is invalid.
	if text := TimeText(a.GetPublished()); strings.Contains(text, "T") {
		item.ContentCreated = text
	}
	if a.GetLanguage() != "und" {
		item.Language = a.GetLanguage()
	}
	if a.GetTitle() != "" {
		item.Headlines = []ninjsText{{Role: "main", Value: a.GetTitle()}}
	}
	if a.GetSummary() != "" {
		item.Descriptions = []ninjsText{{Role: "summary", ContentType: "text/plain", Value: a.GetSummary()}}
	}
	for _, tag := range a.GetTags() {
		item.Subjects = append(item.Subjects, ninjsSubject{tag})
	}
	return json.Marshal(item)
}

func ninjsBodies(a *datelinev1.Article) []ninjsText {
	text := a.GetText()
	if text == "" {
		return nil
	}
	return []ninjsText{
		{Role: "main", ContentType: "text/plain", CharCount: utf8.RuneCountInString(text),
			WordCount: int(a.GetWordCount()), Value: text},
		{Role: "richtext", ContentType: "application/xhtml+xml", Value: xhtml(a)},
	}
}

func ninjsImages(a *datelinev1.Article) []ninjsAssociation {
	var images []ninjsAssociation
	for i, image := range a.GetImages() {
		if image.GetUrl() == "" {
			continue
		}
		one := ninjsAssociation{Name: fmt.Sprintf("image%d", i+1), URI: image.GetUrl(), Type: "picture",
			By: image.GetCredit()}
		if image.GetCaption() != "" {
			one.Descriptions = []ninjsText{{Role: "caption", ContentType: "text/plain", Value: image.GetCaption()}}
		}
		images = append(images, one)
	}
	return images
}

func authorNames(a *datelinev1.Article) []string {
	var names []string
	for _, author := range a.GetAuthors() {
		names = append(names, author.GetName())
	}
	return names
}

// xhtml encodes the text as paragraphs, headings, quotations, lists and code. A
// record without blocks has only paragraphs. All text is escaped, and links and
// images are omitted.
func xhtml(a *datelinev1.Article) string {
	var b strings.Builder
	element := func(name, text string) { fmt.Fprintf(&b, "<%s>%s</%s>", name, html.EscapeString(text), name) }
	if len(a.GetBody()) == 0 {
		for paragraph := range strings.SplitSeq(a.GetText(), "\n\n") {
			element("p", paragraph)
		}
	}
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
