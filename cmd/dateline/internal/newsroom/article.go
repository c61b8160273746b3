package newsroom

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Article is an article as its author wrote it, before any layout.
type Article struct {
	// Paper is the name of its paper.
	Paper string
	// Slug is the name of its file. It is unique in the newsroom.
	Slug string
	// Path is the unescaped path at which its paper serves it, with the query if there
	// is one ("/archive/story.asp?id=1042").
	Path string
	// Lang is its language as a BCP 47 tag, and Charset the encoding of its page.
	Lang, Charset string
	Title         string
	// Kicker is the short line above the title, or empty.
	Kicker string
	// Section is the name of its section.
	Section string
	// Summary is the standfirst, which is not part of Body.
	Summary string
	// Authors are the names in the byline.
	Authors []string
	// Published is in the paper's own time zone. Modified is zero if the article was
	// never changed.
	Published, Modified time.Time
	// Place is the dateline before the first paragraph, or empty.
	Place string
	Tags  []string
	// Lead is the picture at the top, or nil.
	Lead *Image
	Body []Block
}

// Image is a picture with its texts. Credit may be empty.
type Image struct{ Name, Alt, Caption, Credit string }

// Kind is the kind of a block.
type Kind string

// The kinds, with the fields of Block that each uses.
const (
	Paragraph Kind = "paragraph" // Text
	Heading   Kind = "heading"   // Text
	Quote     Kind = "quote"     // Text, Source
	List      Kind = "list"      // Items
	Table     Kind = "table"     // Rows, of which the first is the header
	Figure    Kind = "figure"    // Image
	Pull      Kind = "pull"      // Text, which repeats words of a paragraph
	Embed     Kind = "embed"     // Text, Source, URL of a social media post
	Related   Kind = "related"   // Text, URL of a "read also" line, which is not part of the text
)

// Block is one part of a body.
type Block struct {
	Kind   Kind
	Text   string
	Source string
	URL    string
	Items  []string
	Rows   [][]string
	Image  *Image
}

// Paragraphs returns the texts of the body's paragraphs.
func (a *Article) Paragraphs() []string {
	var texts []string
	for _, b := range a.Body {
		if b.Kind == Paragraph {
			texts = append(texts, b.Text)
		}
	}
	return texts
}

// RTL reports whether the article is written from right to left.
func (a *Article) RTL() bool { return rightToLeft(a.Lang) }

// Hidden reports whether its paper's robots.txt disallows it.
func (a *Article) Hidden() bool { return strings.HasPrefix(a.Path, subscribers) }

// address returns the escaped form of Path.
func (a *Article) address() string {
	path, query, _ := strings.Cut(a.Path, "?")
	return (&url.URL{Path: path, RawQuery: query}).String()
}

// parseArticle parses an article's file: a head of "key: value" lines, a line of three
// dashes, and then blocks separated by empty lines. The start of a block determines its
// kind:
//
//	##         heading
//	>          quote, whose last line may be "-- " and the source
//	-          list
//	|          table
//	!image     name | alt | caption | credit
//	!pull      pull quote
//	!embed     text | source | URL
//	!related   text | URL
//
// Every other block is a paragraph. The lines of a text are joined by spaces, or by
// nothing in Japanese.
func parseArticle(paper Paper, slug, source string) (*Article, error) {
	head, body, found := strings.Cut(source, "\n---\n")
	if !found {
		return nil, fmt.Errorf("there is no line of three dashes after the head")
	}
	a := &Article{Paper: paper.Name, Slug: slug, Lang: paper.Lang, Charset: paper.Charset}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if err := a.set(key, value); err != nil {
			return nil, fmt.Errorf("head, %s: %w", key, err)
		}
	}
	for text := range strings.SplitSeq(body, "\n\n") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		block, err := parseBlock(text, a.Lang)
		if err != nil {
			return nil, err
		}
		a.Body = append(a.Body, block)
	}
	for _, needed := range []string{a.Path, a.Title, a.Section, a.Summary} {
		if needed == "" {
			return nil, fmt.Errorf("head: one of path, title, section and summary is missing")
		}
	}
	if a.Published.IsZero() || len(a.Paragraphs()) == 0 {
		return nil, fmt.Errorf("there is no date of publication, or no paragraph")
	}
	return a, nil
}

func (a *Article) set(key, value string) (err error) {
	switch key {
	case "path":
		a.Path = value
	case "lang":
		a.Lang = value
	case "charset":
		a.Charset = value
	case "title":
		a.Title = value
	case "kicker":
		a.Kicker = value
	case "section":
		a.Section = value
	case "summary":
		a.Summary = value
	case "authors":
		a.Authors = strings.Split(value, "; ")
	case "published":
		a.Published, err = time.Parse(time.RFC3339, value)
	case "modified":
		a.Modified, err = time.Parse(time.RFC3339, value)
	case "place":
		a.Place = value
	case "tags":
		a.Tags = strings.Split(value, "; ")
	case "image":
		a.Lead, err = parseImage(value)
	default:
		err = fmt.Errorf("unknown key")
	}
	return err
}

func parseBlock(text, lang string) (Block, error) {
	mark, rest, _ := strings.Cut(text, " ")
	switch mark {
	case "##":
		return Block{Kind: Heading, Text: rest}, nil
	case ">":
		quote, source, _ := strings.Cut(rest, "\n-- ")
		return Block{Kind: Quote, Text: unwrap(quote, lang), Source: source}, nil
	case "-":
		return Block{Kind: List, Items: strings.Split(rest, "\n- ")}, nil
	case "|":
		return parseTable(text), nil
	case "!pull":
		return Block{Kind: Pull, Text: rest}, nil
	case "!image":
		image, err := parseImage(rest)
		return Block{Kind: Figure, Image: image}, err
	case "!embed", "!related":
		fields := strings.Split(rest, " | ")
		if mark == "!related" && len(fields) == 2 {
			return Block{Kind: Related, Text: fields[0], URL: fields[1]}, nil
		}
		if mark == "!embed" && len(fields) == 3 {
			return Block{Kind: Embed, Text: fields[0], Source: fields[1], URL: fields[2]}, nil
		}
		return Block{}, fmt.Errorf("block %q: wrong number of fields", text)
	}
	return Block{Kind: Paragraph, Text: unwrap(text, lang)}, nil
}

func parseTable(text string) Block {
	b := Block{Kind: Table}
	for line := range strings.Lines(text) {
		var row []string
		for cell := range strings.SplitSeq(strings.Trim(line, "| \n"), "|") {
			row = append(row, strings.TrimSpace(cell))
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

func parseImage(text string) (*Image, error) {
	fields := strings.Split(text, " | ")
	if len(fields) < 3 || len(fields) > 4 {
		return nil, fmt.Errorf("image %q: want name | alt | caption | credit", text)
	}
	fields = append(fields, "")
	return &Image{Name: fields[0], Alt: fields[1], Caption: fields[2], Credit: fields[3]}, nil
}

func unwrap(text, lang string) string {
	if lang == "ja" {
		return strings.ReplaceAll(text, "\n", "")
	}
	return strings.ReplaceAll(text, "\n", " ")
}
