package forms

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// hostile is a text that mentions people and forges links, in the syntax of each chat.
const hostile = "@channel @here @everyone <!here> <!channel|x> <@U123> <#C1> <https://evil.example|bank> " +
	"[bank](https://evil.example) ![x](https://evil.example/p) **bold** `code` ~town :smile: #tag <at>Bob</at> " +
	"> quote \u202egnp.exe\x1b[31m || spoiler || __under__ ```block``` <t:1:R> </cmd:1> &lt;!here&gt; " +
	`\[bank](https://evil.example) \\[bank](https://evil.example) {"text": "x"}`

func hostileEvent() Event {
	return Event{
		ID: "a-1", Type: TypeChanged, Time: time.Now(), Subscription: "s", ArticleID: "a", Revision: 1,
		Article: &datelinev1.Article{
			Id: "a", Title: hostile, Summary: strings.Repeat(hostile+"\n", 50), SiteName: hostile,
			CanonicalUrl: "https://example.com/a_(b)|c>d@here?q=[x]*y*",
		},
	}
}

// TestChatMessagesCannotBeForged renders a hostile article for each chat.
func TestChatMessagesCannotBeForged(t *testing.T) {
	for _, form := range []string{Slack, Mattermost, Discord, Teams} {
		body := render(t, form, hostileEvent()).Body
		var message map[string]any
		if err := json.Unmarshal(body, &message); err != nil {
			t.Fatal(err)
		}
		if len(body) > 12<<10 {
			t.Errorf("%s: %d bytes", form, len(body))
		}
		var all []string
		eachText(message, "", func(key, text string) {
			all = append(all, text)
			if strings.ContainsAny(text, "\x1b\u202e") {
				t.Errorf("%s: %s has control characters: %q", form, key, text)
			}
			if key == "url" && text != "https://example.com/a_%28b%29%7Cc%3Ed%40here?q=%5Bx%5D%2Ay%2A" &&
				!strings.HasPrefix(text, "https://example.com/a") {
				t.Errorf("%s: it links to %q", form, text)
			}
		})
		switch form {
		case Slack: // only the fallback is parsed
			fallback, _ := message["text"].(string)
			if strings.ContainsAny(fallback, "<>") || message["link_names"] != false {
				t.Errorf("the fallback is parsed: %q", fallback)
			}
			eachText(message["blocks"], "", func(key, text string) {
				if key == "type" && !slices.Contains([]string{"rich_text", "rich_text_section", "text", "link"}, text) {
					t.Errorf("a block of type %s is parsed", text)
				}
			})
		case Mattermost, Discord:
			for _, text := range all {
				if form == Discord && text == NoteOf(hostileEvent()).Source {
					continue // the footer of an embed has no markup
				}
				checkMarkdown(t, form, text)
			}
		case Teams: // TextRun has no markup, and no entities means no mentions
			eachText(message, "", func(key, text string) {
				if key == "type" && text == "TextBlock" {
					t.Error("a text block is parsed as Markdown")
				}
			})
			if strings.Contains(string(body), `"entities"`) {
				t.Error("the card has entities, which mention people")
			}
		}
	}
	mentions, _ := json.Marshal(discord(NoteOf(hostileEvent()))["allowed_mentions"])
	if string(mentions) != `{"parse":[]}` {
		t.Errorf("Discord may mention %s", mentions)
	}
}

var (
	// ownLink is the link that a message itself makes.
	ownLink = regexp.MustCompile(`^Changed: \*\*\[(.*)\]\(https://example\.com/[^()\[\]<>@|*]*\)\*\*`)
	active  = regexp.MustCompile("(?:^|[^\\\\])(?:\\\\\\\\)*([\\[\\]()`*_|>{}!])")
	mention = regexp.MustCompile(`[@<#~:&][A-Za-z!@#/]`)
)

// checkMarkdown checks that a text has no markup but that of the message.
func checkMarkdown(t *testing.T, form, text string) {
	t.Helper()
	text = ownLink.ReplaceAllString(text, "$1")
	if strings.HasPrefix(text, "https://") { // the field of a URL
		return
	}
	if found := active.FindString(text); found != "" {
		t.Errorf("%s: %q is not escaped in %q", form, found, text)
	}
	if found := mention.FindString(text); found != "" {
		t.Errorf("%s: %q may be a mention in %q", form, found, text)
	}
}

// eachText calls do for each text of a message, with the name of its field.
func eachText(value any, key string, do func(key, text string)) {
	switch value := value.(type) {
	case string:
		do(key, value)
	case []any:
		for _, one := range value {
			eachText(one, key, do)
		}
	case map[string]any:
		for name, one := range value {
			eachText(one, name, do)
		}
	}
}

// TestChatMessagesKeepTheLimitsOfChats has the longest texts.
func TestChatMessagesKeepTheLimitsOfChats(t *testing.T) {
	e := hostileEvent()
	e.Article.Title, e.Article.Summary = strings.Repeat("*@", 5000), strings.Repeat("[", 50_000)
	embed := discord(NoteOf(e))["embeds"].([]object)[0] //nolint:forcetypeassert // see discord
	for field, limit := range map[string]int{"title": 256, "description": 4096} {
		if n := utf8.RuneCountInString(embed[field].(string)); n > limit { //nolint:forcetypeassert // see discord
			t.Errorf("%s has %d characters, Discord accepts %d", field, n, limit)
		}
	}
}

// Texts of each length around a limit are cut to it, with characters of one byte or of four.
func TestChatTextsOfEveryLength(t *testing.T) {
	for _, letter := range []string{"x", "𝐱"} {
		for size := range 5*maxChatTitle + 10 {
			got := bounded(strings.Repeat(letter, size), maxChatTitle, plain)
			want := strings.Repeat(letter, size)
			if size > maxChatTitle-2 {
				want = strings.Repeat(letter, maxChatTitle-2) + " …"
			}
			if got != want {
				t.Fatalf("%d of %s are %d characters that end with %q, want %d", size, letter, utf8.RuneCountInString(got),
					got[max(0, len(got)-8):], utf8.RuneCountInString(want))
			}
		}
	}
	for size, want := range map[int]string{9: "123456789", 8: "1234 …", 5: "1 …"} {
		if got := Cut("123456789", size); got != want || len(got) > size {
			t.Errorf("cut to %d bytes: %q, want %q", size, got, want)
		}
	}
	if got := Cut("123é6789", 8); got != "123 …" {
		t.Errorf("cut within a letter: %q", got)
	}
	e := hostileEvent()
	for size := 4*maxChatExcerpt - 8; size <= 4*maxChatExcerpt+8; size++ {
		e.Article.Summary, e.Article.Text = "", strings.Repeat("x", size)
		if note := NoteOf(e); note.Excerpt != strings.Repeat("x", maxChatExcerpt-2)+" …" {
			t.Errorf("the excerpt of a text of %d bytes is %q", size, note.Excerpt)
		}
	}
}

func TestChatLinksOnlyToTheWeb(t *testing.T) {
	longest := "https://a.example/" + strings.Repeat("x", maxChatURL-len("https://a.example/"))
	for raw, want := range map[string]string{
		"javascript:alert(1)": "", "https://": "", longest: longest, longest + "x": "",
		"https://a.example/(x)":                  "https://a.example/%28x%29",
		"https://a.example/?a=<b>|c d\\*_~`[e]@": "https://a.example/?a=%3Cb%3E%7Cc%20d%5C%2A%5F%7E%60%5Be%5D%40",
	} {
		if got := linkOf(raw); got != want {
			t.Errorf("linkOf(%.40q) = %q, want %q", raw, got, want)
		}
	}
}
