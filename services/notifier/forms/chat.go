package forms

import (
	"net/url"
	"strings"

	"github.com/dateline-news/dateline/internal/escape"
)

// The maximum lengths in characters of the parts of a chat message, before they are escaped.
const (
	maxChatTitle   = 250
	maxChatExcerpt = 500
	maxChatSource  = 120
	// maxDiscordTitle and maxDiscordText are the limits of Discord, which count escaped text.
	maxDiscordTitle, maxDiscordText = 256, 4096
	maxChatURL                      = 2000
)

// Note is what short messages say. All texts are single lines.
type Note struct {
	// Label is "", "Changed: ", "Erased: " or "Test: ".
	Label string
	// Title and Excerpt are the headline and the start of the text, and Source the site and the day.
	Title, Source, Excerpt string
	// Link is the URL of the article, or "".
	Link string
}

// NoteOf returns what short messages say about an event.
func NoteOf(e Event) Note {
	label := map[string]string{TypeChanged: "Changed: ", TypeErased: "Erased: ", TypeTest: "Test: "}[e.Type]
	if e.Article == nil {
		return Note{Label: label, Title: "article " + e.ArticleID, Source: "Its text must not be used any more."}
	}
	a := e.Article
	excerpt := a.GetSummary()
	if excerpt == "" {
		excerpt = a.GetText()
	}
	source := siteOf(a)
	if t := a.GetPublished().GetValue(); t.IsValid() {
		source += " · " + t.AsTime().Format("2006-01-02")
	}
	title := a.GetTitle()
	if strings.TrimSpace(title) == "" {
		title = "Article without a headline"
	}
	return Note{
		Label: label, Title: bounded(title, maxChatTitle, plain), Link: linkOf(a.GetCanonicalUrl()),
		Source: bounded(source, maxChatSource, plain), Excerpt: bounded(excerpt, maxChatExcerpt, plain),
	}
}

// linkOf returns a URL that can be linked to, or "".
func linkOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	// What ends a link in Markdown and in the syntax of Slack is escaped.
	link := strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", `\`, "%5C",
		"*", "%2A", "_", "%5F", "~", "%7E", "`", "%60", "[", "%5B", "]", "%5D", "@", "%40").Replace(u.String())
	if len(link) > maxChatURL {
		return ""
	}
	return link
}

// bounded returns a text as one line of at most limit characters after each character was escaped.
func bounded(text string, limit int, escaped func(rune) string) string {
	if most := 4 * (limit + 1); len(text) > most { // 4 bytes a character at most
		text = strings.ToValidUTF8(text[:most], "")
	}
	var out strings.Builder
	length := 0
	for _, r := range escape.Line(strings.TrimSpace(text)) {
		one := escaped(r)
		size := len([]rune(one))
		if length+size > limit-2 {
			return strings.TrimSpace(out.String()) + " …"
		}
		out.WriteString(one)
		length += size
	}
	return out.String()
}

// Cut returns a text of at most limit bytes, several lines included.
func Cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len(" …")], "") + " …"
}

func plain(r rune) string { return string(r) }

// markdown returns a character so that it is shown as it is. Not every character can be escaped everywhere: after
// those that start mentions, tags, emoji and elements, a space without width keeps them from doing so.
func markdown(r rune) string {
	switch {
	case strings.ContainsRune("@<#~:&", r):
		return string(r) + "\u200b"
	case strings.ContainsRune("\\`*_{}[]()+-.!>|", r):
		return `\` + string(r)
	}
	return string(r)
}

func chat(form string, e Event) (Message, error) {
	n := NoteOf(e)
	switch form {
	case Slack:
		return encode(e, contentJSON, slack(n))
	case Mattermost:
		return encode(e, contentJSON, mattermost(n))
	case Discord:
		return encode(e, contentJSON, discord(n))
	}
	return encode(e, contentJSON, teams(n))
}

type object = map[string]any

// slack returns a message of rich text, in which nothing is parsed. Only its fallback for notifications is.
func slack(n Note) object {
	title := object{"type": "text", "text": n.Title, "style": object{"bold": true}}
	if n.Link != "" {
		title = object{"type": "link", "url": n.Link, "text": n.Title, "style": object{"bold": true}}
	}
	elements := []object{title}
	if n.Label != "" {
		elements = []object{{"type": "text", "text": n.Label}, title}
	}
	for _, line := range []string{n.Source, n.Excerpt} {
		if line != "" {
			elements = append(elements, object{"type": "text", "text": "\n" + line})
		}
	}
	return object{
		"text":         strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(n.Label + n.Title),
		"mrkdwn":       false,
		"link_names":   false,
		"unfurl_links": false,
		"unfurl_media": false,
		"blocks": []object{{"type": "rich_text", "elements": []object{
			{"type": "rich_text_section", "elements": elements},
		}}},
	}
}

func mattermost(n Note) object {
	title := bounded(n.Title, 3*maxChatTitle, markdown)
	if n.Link != "" {
		title = "[" + title + "](" + n.Link + ")"
	}
	lines := []string{n.Label + "**" + title + "**"}
	for _, line := range []string{n.Source, n.Excerpt} {
		if line != "" {
			lines = append(lines, bounded(line, 3*maxChatExcerpt, markdown))
		}
	}
	return object{"text": strings.Join(lines, "\n")}
}

func discord(n Note) object {
	embed := object{
		"title":       bounded(n.Label+n.Title, maxDiscordTitle, markdown),
		"description": bounded(n.Excerpt, maxDiscordText, markdown),
		"footer":      object{"text": n.Source},
	}
	if n.Link != "" {
		embed["url"] = n.Link
	}
	return object{"embeds": []object{embed}, "allowed_mentions": object{"parse": []string{}}}
}

// teams returns an Adaptive Card of text runs, which have no markup.
func teams(n Note) object {
	run := func(text string, more object) object {
		one := object{"type": "RichTextBlock", "inlines": []object{{"type": "TextRun", "text": text}}}
		for key, value := range more {
			one["inlines"].([]object)[0][key] = value //nolint:forcetypeassert // it was just made
		}
		return one
	}
	body := []object{run(n.Label+n.Title, object{"weight": "Bolder", "size": "Medium"})}
	if n.Source != "" {
		body = append(body, run(n.Source, object{"isSubtle": true}))
	}
	if n.Excerpt != "" {
		body = append(body, run(n.Excerpt, nil))
	}
	card := object{
		"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4",
		"body": body,
	}
	if n.Link != "" {
		card["actions"] = []object{{"type": "Action.OpenUrl", "title": "Read", "url": n.Link}}
	}
	return object{"type": "message", "attachments": []object{
		{"contentType": "application/vnd.microsoft.card.adaptive", "content": card},
	}}
}
