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

// note is what a chat message says.
type note struct {
	label, title, link, source, excerpt string
}

func noteOf(e Event) note {
	label := map[string]string{TypeChanged: "Changed: ", TypeErased: "Erased: ", TypeTest: "Test: "}[e.Type]
	if e.Article == nil {
		return note{label: label, title: "article " + e.ArticleID, source: "Its text must not be used any more."}
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
	return note{
		label: label, title: bounded(title, maxChatTitle, plain), link: linkOf(a.GetCanonicalUrl()),
		source: bounded(source, maxChatSource, plain), excerpt: bounded(excerpt, maxChatExcerpt, plain),
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
	if len(text) > 4*limit { // more than that many characters have at least so many bytes
		text = strings.ToValidUTF8(text[:4*limit+4], "")
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
	n := noteOf(e)
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
func slack(n note) object {
	title := object{"type": "text", "text": n.title, "style": object{"bold": true}}
	if n.link != "" {
		title = object{"type": "link", "url": n.link, "text": n.title, "style": object{"bold": true}}
	}
	elements := []object{title}
	if n.label != "" {
		elements = []object{{"type": "text", "text": n.label}, title}
	}
	for _, line := range []string{n.source, n.excerpt} {
		if line != "" {
			elements = append(elements, object{"type": "text", "text": "\n" + line})
		}
	}
	return object{
		"text":         strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(n.label + n.title),
		"mrkdwn":       false,
		"link_names":   false,
		"unfurl_links": false,
		"unfurl_media": false,
		"blocks": []object{{"type": "rich_text", "elements": []object{
			{"type": "rich_text_section", "elements": elements},
		}}},
	}
}

func mattermost(n note) object {
	title := bounded(n.title, 3*maxChatTitle, markdown)
	if n.link != "" {
		title = "[" + title + "](" + n.link + ")"
	}
	lines := []string{n.label + "**" + title + "**"}
	for _, line := range []string{n.source, n.excerpt} {
		if line != "" {
			lines = append(lines, bounded(line, 3*maxChatExcerpt, markdown))
		}
	}
	return object{"text": strings.Join(lines, "\n")}
}

func discord(n note) object {
	embed := object{
		"title":       bounded(n.label+n.title, maxDiscordTitle, markdown),
		"description": bounded(n.excerpt, maxDiscordText, markdown),
		"footer":      object{"text": n.source},
	}
	if n.link != "" {
		embed["url"] = n.link
	}
	return object{"embeds": []object{embed}, "allowed_mentions": object{"parse": []string{}}}
}

// teams returns an Adaptive Card of text runs, which have no markup.
func teams(n note) object {
	run := func(text string, more object) object {
		one := object{"type": "RichTextBlock", "inlines": []object{{"type": "TextRun", "text": text}}}
		for key, value := range more {
			one["inlines"].([]object)[0][key] = value //nolint:forcetypeassert // it was just made
		}
		return one
	}
	body := []object{run(n.label+n.title, object{"weight": "Bolder", "size": "Medium"})}
	if n.source != "" {
		body = append(body, run(n.source, object{"isSubtle": true}))
	}
	if n.excerpt != "" {
		body = append(body, run(n.excerpt, nil))
	}
	card := object{
		"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4",
		"body": body,
	}
	if n.link != "" {
		card["actions"] = []object{{"type": "Action.OpenUrl", "title": "Read", "url": n.link}}
	}
	return object{"type": "message", "attachments": []object{
		{"contentType": "application/vnd.microsoft.card.adaptive", "content": card},
	}}
}
