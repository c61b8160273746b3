package api

import (
	"bytes"
	"encoding/xml"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// The elements of an Atom feed (RFC 4287).
type (
	atomDocument struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   atomText    `xml:"title"`
		Updated string      `xml:"updated"`
		Links   []atomLink  `xml:"link"`
		Author  atomPerson  `xml:"author"`
		Entries []atomEntry `xml:"entry"`
	}
	atomEntry struct {
		ID         string         `xml:"id"`
		Title      atomText       `xml:"title"`
		Link       atomLink       `xml:"link"`
		Published  string         `xml:"published"`
		Updated    string         `xml:"updated"`
		Authors    []atomPerson   `xml:"author"`
		Categories []atomCategory `xml:"category"`
		Summary    atomText       `xml:"summary"`
		Content    atomText       `xml:"content"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	atomPerson struct {
		Name string `xml:"name"`
	}
	atomCategory struct {
		Term string `xml:"term,attr"`
	}
	atomText struct {
		Type string `xml:"type,attr"`
		Lang string `xml:"xml:lang,attr,omitempty"`
		Body string `xml:",chardata"`
	}
)

func atomFeed(f feed) ([]byte, error) {
	document := atomDocument{
		ID: f.id, Title: atomText{Type: "text", Body: printable(f.title)},
		Updated: newest(f.hits).Format(time.RFC3339), Links: []atomLink{{"self", f.self}},
		Author: atomPerson{"Dateline"},
	}
	if f.next != "" {
		document.Links = append(document.Links, atomLink{"next", f.next})
	}
	for _, hit := range f.hits {
		document.Entries = append(document.Entries, newAtomEntry(hit))
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(document); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func newAtomEntry(hit store.Hit) atomEntry {
	a := hit.Article
	text := func(s string) atomText { return atomText{"text", languageOf(a), printable(cutText(s))} }
	entry := atomEntry{
		ID: feedID(hit), Title: text(a.GetTitle()), Link: atomLink{"alternate", a.GetCanonicalUrl()},
		Published: published(hit).Format(time.RFC3339), Updated: a.GetFetchTime().AsTime().Format(time.RFC3339),
		Summary: text(summaryOf(hit)), Content: text(a.GetText()),
	}
	for _, author := range a.GetAuthors() {
		entry.Authors = append(entry.Authors, atomPerson{printable(author.GetName())})
	}
	for _, tag := range a.GetTags() {
		entry.Categories = append(entry.Categories, atomCategory{printable(tag)})
	}
	return entry
}

// printable removes control characters and noncharacters, which XML 1.0 cannot
// represent.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, text)
}
