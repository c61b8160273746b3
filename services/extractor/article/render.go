package article

import (
	"fmt"
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/norm"
)

// Markdown renders headline, byline, standfirst and body as CommonMark with the
// tables of GitHub Flavored Markdown.
func Markdown(a *Article) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", escape(a.Title))
	if line := byline(a); line != "" {
		fmt.Fprintf(&b, "\n%s\n", escape(line))
	}
	if s := standfirst(a); s != "" {
		fmt.Fprintf(&b, "\n**%s**\n", escape(s))
	}
	if leadOverText(a) {
		b.WriteString("\n" + markdownImage(a.Images[0]))
	}
	for i := range a.Body {
		b.WriteString("\n")
		writeBlock(&b, a, &a.Body[i])
	}
	return b.String()
}

// standfirst returns the summary, unless the body opens with it.
func standfirst(a *Article) string {
	if len(a.Body) > 0 && norm.Squeeze(a.Body[0].Text) == a.Summary {
		return ""
	}
	return a.Summary
}

func writeBlock(b *strings.Builder, a *Article, block *Block) {
	switch block.Kind {
	case Heading:
		fmt.Fprintf(b, "%s %s\n", strings.Repeat("#", min(max(block.Level, 2), 6)), linked(block))
	case Quote:
		for line := range strings.SplitSeq(linked(block), "\n") {
			fmt.Fprintf(b, "> %s\n", line)
		}
	case List:
		for n, item := range block.Items {
			mark := "-"
			if block.Ordered {
				mark = fmt.Sprintf("%d.", n+1)
			}
			fmt.Fprintf(b, "%s %s\n", mark, escape(item))
		}
	case Table:
		writeTable(b, block.Rows)
	case Picture:
		if block.Image < len(a.Images) {
			b.WriteString(markdownImage(a.Images[block.Image]))
		}
	case Code:
		fmt.Fprintf(b, "```\n%s\n```\n", block.Text)
	case Embed:
		fmt.Fprintf(b, "<%s>\n", block.URL)
	default:
		fmt.Fprintf(b, "%s\n", strings.ReplaceAll(linked(block), "\n", "  \n"))
	}
}

func writeTable(b *strings.Builder, rows [][]string) {
	width := 0
	for _, row := range rows {
		width = max(width, len(row))
	}
	for i, row := range rows {
		for col := range width {
			cell := ""
			if col < len(row) {
				cell = strings.ReplaceAll(escape(row[col]), "|", "\\|")
			}
			fmt.Fprintf(b, "| %s ", cell)
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", width) + "|\n")
		}
	}
}

func markdownImage(img Image) string {
	text := fmt.Sprintf("![%s](<%s>)\n", escape(img.Alt), img.URL)
	if line := strings.TrimSpace(img.Caption + " " + credit(img)); line != "" {
		text += fmt.Sprintf("\n*%s*\n", escape(line))
	}
	return text
}

func credit(img Image) string {
	if img.Credit == "" {
		return ""
	}
	return "(" + img.Credit + ")"
}

// linked returns a block's text with its links in Markdown.
func linked(block *Block) string {
	var b strings.Builder
	at := 0
	for _, l := range block.Links {
		if l.Start < at || l.End > len(block.Text) || l.Start >= l.End {
			continue
		}
		fmt.Fprintf(&b, "%s[%s](<%s>)", escape(block.Text[at:l.Start]), escape(block.Text[l.Start:l.End]), l.URL)
		at = l.End
	}
	b.WriteString(escape(block.Text[at:]))
	return b.String()
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`)

func escape(s string) string { return markdownEscapes.Replace(s) }

// PlainText renders headline, byline, standfirst and body as plain text, separated
// by blank lines.
func PlainText(a *Article) string {
	parts := []string{a.Title, byline(a), standfirst(a), a.Text}
	var filled []string
	for _, p := range parts {
		if p != "" {
			filled = append(filled, p)
		}
	}
	return strings.Join(filled, "\n\n") + "\n"
}

// byline returns authors and date in one line.
func byline(a *Article) string {
	var parts []string
	for _, author := range a.Authors {
		parts = append(parts, author.Name)
	}
	line := strings.Join(parts, ", ")
	if a.Published == nil {
		return line
	}
	if line == "" {
		return a.Published.Value
	}
	return line + ", " + a.Published.Value
}
