package article

import (
	"fmt"
	"html"
	"net/url"
	"strings"
)

// HTML renders the article as an article element with headline, byline, standfirst,
// lead image and body. Embeds are rendered as links. The classes "byline", "summary"
// and "embed" mark the parts for which HTML has no element.
//
// The result is safe to include in a page, whatever the article contains: all text and
// attributes are escaped, and links and images have only web or mail addresses.
func HTML(a *Article) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<article lang=\"%s\" dir=\"%s\">\n<header>\n<h1>%s</h1>\n",
		html.EscapeString(a.Language), html.EscapeString(string(a.Direction)), html.EscapeString(a.Title))
	if line := htmlByline(a); line != "" {
		fmt.Fprintf(&b, "<p class=\"byline\">%s</p>\n", line)
	}
	if s := standfirst(a); s != "" {
		fmt.Fprintf(&b, "<p class=\"summary\">%s</p>\n", html.EscapeString(s))
	}
	b.WriteString("</header>\n")
	if leadOverText(a) {
		b.WriteString(figure(&a.Images[0]))
	}
	for i := range a.Body {
		writeHTML(&b, a, &a.Body[i])
	}
	b.WriteString("</article>\n")
	return b.String()
}

// leadOverText reports whether the lead image precedes the text and is not part of
// it.
func leadOverText(a *Article) bool {
	if len(a.Images) == 0 || !a.Images[0].Lead {
		return false
	}
	for i := range a.Body {
		if a.Body[i].Kind == Picture && a.Body[i].Image == 0 {
			return false
		}
	}
	return true
}

func htmlByline(a *Article) string {
	var parts []string
	for _, author := range a.Authors {
		name := html.EscapeString(author.Name)
		if author.URL != "" {
			name = anchor(author.URL, name)
		}
		parts = append(parts, name)
	}
	if a.Published != nil {
		parts = append(parts, fmt.Sprintf("<time datetime=\"%s\">%[1]s</time>", html.EscapeString(a.Published.Value)))
	}
	return strings.Join(parts, ", ")
}

func writeHTML(b *strings.Builder, a *Article, block *Block) {
	switch block.Kind {
	case Heading:
		level := min(max(block.Level, 2), 6)
		fmt.Fprintf(b, "<h%d>%s</h%[1]d>\n", level, htmlText(block))
	case Quote:
		source := ""
		if block.URL != "" {
			source = "<p><cite>" + anchor(block.URL, html.EscapeString(hostAndPath(block.URL))) + "</cite></p>"
		}
		text := strings.ReplaceAll(htmlText(block), "<br>", "</p>\n<p>")
		fmt.Fprintf(b, "<blockquote><p>%s</p>%s</blockquote>\n", text, source)
	case List:
		tag := "ul"
		if block.Ordered {
			tag = "ol"
		}
		fmt.Fprintf(b, "<%s>\n", tag)
		for line := range strings.SplitSeq(htmlText(block), "<br>") {
			fmt.Fprintf(b, "<li>%s</li>\n", line)
		}
		fmt.Fprintf(b, "</%s>\n", tag)
	case Table:
		writeHTMLTable(b, block)
	case Picture:
		if block.Image < len(a.Images) {
			b.WriteString(figure(&a.Images[block.Image]))
		}
	case Code:
		fmt.Fprintf(b, "<pre><code>%s</code></pre>\n", html.EscapeString(block.Text))
	case Embed:
		fmt.Fprintf(b, "<figure class=\"embed\">%s</figure>\n",
			anchor(block.URL, html.EscapeString(hostAndPath(block.URL))))
	default:
		fmt.Fprintf(b, "<p>%s</p>\n", htmlText(block))
	}
}

func hostAndPath(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host + u.Path
	}
	return address
}

func writeHTMLTable(b *strings.Builder, block *Block) {
	b.WriteString("<table>\n")
	for i, row := range block.Rows {
		tag := "td"
		if i == 0 && block.HeaderRow {
			tag = "th"
		}
		b.WriteString("<tr>")
		for _, cell := range row {
			fmt.Fprintf(b, "<%s>%s</%[1]s>", tag, html.EscapeString(cell))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
}

// figure returns a figure element, or "" if the image has no safe address.
func figure(img *Image) string {
	source := safeURL(img.URL)
	if source == "" {
		return ""
	}
	caption := html.EscapeString(img.Caption)
	if img.Credit != "" {
		caption = strings.TrimSpace(caption + " <cite>" + html.EscapeString(img.Credit) + "</cite>")
	}
	if caption != "" {
		caption = "<figcaption>" + caption + "</figcaption>"
	}
	return fmt.Sprintf("<figure><img src=\"%s\" alt=\"%s\">%s</figure>\n",
		html.EscapeString(source), html.EscapeString(img.Alt), caption)
}

// htmlText returns a block's text with its links, and its line breaks as br elements.
func htmlText(block *Block) string {
	var b strings.Builder
	at := 0
	for _, l := range block.Links {
		if l.Start < at || l.End > len(block.Text) || l.Start >= l.End {
			continue
		}
		b.WriteString(html.EscapeString(block.Text[at:l.Start]))
		b.WriteString(anchor(l.URL, html.EscapeString(block.Text[l.Start:l.End])))
		at = l.End
	}
	b.WriteString(html.EscapeString(block.Text[at:]))
	return strings.ReplaceAll(b.String(), "\n", "<br>")
}

// anchor returns a link with a label that is already escaped, or only the label if the
// address is not safe.
func anchor(address, label string) string {
	href := safeURL(address)
	if href == "" {
		return label
	}
	return "<a href=\"" + html.EscapeString(href) + "\" rel=\"nofollow\">" + label + "</a>"
}

// safeURL returns an address in its normal form if following it runs no script, and
// otherwise "".
func safeURL(address string) string {
	address = strings.TrimSpace(address)
	if strings.ContainsAny(address, " \t\n") {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https", "mailto":
		return u.String()
	}
	return ""
}
