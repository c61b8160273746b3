// Package forms writes events of articles in the forms that targets read.
//
// The text of articles is untrusted: no form lets it mention people, forge links or break out of its field.
package forms

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/textdiff"
)

// The forms.
const (
	// Dateline is the default: JSON as docs/delivery.md and message.v1.schema.json describe it.
	Dateline = "dateline"
	// CloudEvents is a CloudEvent in structured mode, CloudEventsBinary one in binary mode.
	CloudEvents       = "cloudevents"
	CloudEventsBinary = "cloudevents-binary"
	// Ninjs is IPTC ninjs 3.
	Ninjs = "ninjs"
	// Slack, Mattermost, Discord and Teams are messages for the incoming web hooks of these chats.
	Slack      = "slack"
	Mattermost = "mattermost"
	Discord    = "discord"
	Teams      = "teams"
	// Template is a template of the user.
	Template = "template"
	// JSONLines, CSV and Parquet are forms of files, which package targets writes.
	JSONLines = "jsonl"
	CSV       = "csv"
	Parquet   = "parquet"
)

// All returns all forms, the default first.
func All() []string {
	return []string{
		Dateline, CloudEvents, CloudEventsBinary, Ninjs, Slack, Mattermost, Discord, Teams, Template, JSONLines, CSV, Parquet,
	}
}

// IsChat reports whether a form is a message for a chat, whose URL is a secret and which checks no signatures.
func IsChat(form string) bool {
	return slices.Contains([]string{Slack, Mattermost, Discord, Teams}, form)
}

// IsFile reports whether a form is one of files, in which events are collected.
func IsFile(form string) bool { return slices.Contains([]string{JSONLines, CSV, Parquet}, form) }

// The types of events.
const (
	TypeNew     = "article.new"
	TypeChanged = "article.changed"
	TypeErased  = "article.erased"
	TypeTest    = "test"
)

// maxText is the maximum length in bytes of a text in a message.
const maxText = 1 << 20

const contentJSON = "application/json"

// Event is an event of an article.
type Event struct {
	// ID is the same for every attempt and subscription.
	ID string
	// Type is TypeNew, TypeChanged, TypeErased or TypeTest.
	Type string
	// Time is when the store has committed the event.
	Time                    time.Time
	Subscription, ArticleID string
	// Revision is 0 if the article was erased.
	Revision int
	// Story is the id of the story that the article belongs to, or empty.
	Story string
	// Changes is what has changed since the previous revision. It is nil if that is unknown, and unless the type is
	// TypeChanged.
	Changes *textdiff.Difference
	// Article is nil if the article was erased.
	Article *datelinev1.Article
	// truncated reports whether the text was cut.
	truncated bool
}

// Message is an event in a form.
type Message struct {
	ContentType string
	// Header has further headers, or is nil.
	Header map[string]string
	Body   []byte
}

// Render returns an event in a form. template is that of the form Template, whose failures are ErrTemplate.
func Render(form, template string, e Event) (Message, error) {
	e.Article, e.truncated = Shorten(e.Article)
	switch form {
	case "", Dateline:
		return dateline(e)
	case CloudEvents:
		return cloudEvent(e)
	case CloudEventsBinary:
		return binaryCloudEvent(e)
	case Ninjs:
		return ninjs(e)
	case Slack, Mattermost, Discord, Teams:
		return chat(form, e)
	case Template:
		return execute(template, e)
	}
	return Message{}, fmt.Errorf("there is no form %.40q", form)
}

// Shorten returns an article whose text has at most 1 MiB, and reports whether the text was cut. An article with a cut
// text has no blocks.
func Shorten(a *datelinev1.Article) (shortened *datelinev1.Article, cut bool) {
	if len(a.GetText()) <= maxText {
		return a, false
	}
	a = proto.CloneOf(a)
	a.Text, a.Body = strings.ToValidUTF8(a.GetText()[:maxText], ""), nil
	return a, true
}

// Check returns an error if a form is unknown or its template cannot be used. It renders made articles.
func Check(form, template string) error {
	if form != "" && !slices.Contains(All(), form) {
		return fmt.Errorf("its form is %.40q: use %s", form, strings.Join(All(), ", "))
	}
	if (form == Template) != (template != "") {
		return errors.New("a template belongs to the form template: give both or neither")
	}
	if form == Template {
		return checkTemplate(template)
	}
	return nil
}
