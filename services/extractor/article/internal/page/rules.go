package page

import (
	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Field is a field that a site's rules can select, by its name in their file.
type Field string

// The fields of a site's rules.
const (
	FieldRemove    Field = "remove"
	FieldTitle     Field = "title"
	FieldKicker    Field = "kicker"
	FieldSection   Field = "section"
	FieldSummary   Field = "summary"
	FieldPublished Field = "published"
	FieldModified  Field = "modified"
	FieldAuthors   Field = "authors"
	FieldBody      Field = "body"
)

// Selectors are the compiled rules of one site.
type Selectors map[Field]goquery.Matcher

// Set compiles a CSS selector for a field.
func (s Selectors) Set(field Field, selector string) error {
	m, err := cascadia.Compile(selector)
	if err != nil {
		return err
	}
	s[field] = m
	return nil
}

// Picked holds the elements that a site's rules select for each field.
type Picked map[Field][]*html.Node

// Pick selects the elements for each field, after removing those that are to be
// removed.
func (s Selectors) Pick(doc *html.Node) Picked {
	if s == nil {
		return nil
	}
	root := goquery.NewDocumentFromNode(doc)
	picked := make(Picked, len(s))
	if m := s[FieldRemove]; m != nil {
		removed := root.FindMatcher(m)
		picked[FieldRemove] = removed.Nodes
		removed.Remove()
	}
	for field, m := range s {
		if field != FieldRemove {
			picked[field] = root.FindMatcher(m).Nodes
		}
	}
	return picked
}

// Has reports whether an element is picked for a field.
func (p Picked) Has(field Field) bool { return len(p[field]) > 0 }

// maxPickedText is the maximum length of a picked field's text, in bytes. A
// longer text means that the selector matches more than the field.
const maxPickedText = 2000

// Text returns the value of the first element that is picked for a field and has a
// value, and the element.
func (p Picked) Text(field Field) (string, *html.Node) {
	for _, n := range p[field] {
		if v := Value(n); v != "" && len(v) <= maxPickedText {
			return v, n
		}
	}
	return "", nil
}
