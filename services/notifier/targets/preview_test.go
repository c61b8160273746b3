package targets

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// A preview contains the whole request except its credentials, with the headers sorted by name.
func TestPreview(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.com/hook?key=secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Webhook-Id": "e1", "Authorization": "Bearer secret", "Content-Type": "application/json",
	} {
		request.Header.Set(name, value)
	}
	const want = "POST https://example.com/hook?…\nContent-Type: application/json\nWebhook-Id: e1\n\n{}"
	if got := preview("https://example.com/hook?…", request, []byte("{}")); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The preview of a web hook hides the part of its URL that may be a secret.
func TestPreviewOfAWebHook(t *testing.T) {
	item := itemOf("a", "Harbour")
	item.Message = forms.Message{
		ContentType: "application/json", Header: map[string]string{"X-Kind": "new"}, Body: []byte(`{"a":1}`),
	}
	s := subscriptions.Subscription{Spec: subscriptions.Spec{Name: "s", To: "https://example.com/hook?key=secret"}}
	got, err := hooks{}.Preview(s, []Item{item})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"POST https://example.com/hook?", "\nContent-Type: application/json\n", "\nX-Kind: new\n", "\nWebhook-Id: a\n",
		"\n\n{\"a\":1}",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in the preview:\n%s", part, got)
		}
	}
	if strings.Contains(got, "secret") {
		t.Errorf("the preview has the secret:\n%s", got)
	}
	if _, err := (hooks{}).Preview(s, []Item{item, item}); err == nil {
		t.Error("a web hook previews two events in one request")
	}
}

// changedItem returns an item that has a header of its own.
func changedItem() Item {
	item := itemOf("event", "Title")
	item.ID, item.Event.Type, item.Event.Revision = 77, forms.TypeChanged, 3
	item.Event.Subscription = "name-of-subscription"
	item.Message = forms.Message{
		ContentType: "text/x-body", Header: map[string]string{"ce-type": "changed", "A-Header": "value"},
		Body: []byte("the body"),
	}
	return item
}

// varying matches what differs between versions and times.
var varying = regexp.MustCompile(`((?:User-Agent|Webhook-Timestamp): )\S+`)

// TestPreviews compares the preview of each kind of target with the whole text that is sent.
func TestPreviews(t *testing.T) {
	t.Parallel()
	all, err := New(Config{Timeout: time.Minute}, Dependencies{})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	item := changedItem()
	for to, want := range map[string]string{
		"https://hook.example": "POST https://hook.example\nA-Header: value\nCe-Type: changed\n" +
			"Content-Type: text/x-body\nUser-Agent: VARIES\nWebhook-Id: event\n" +
			"Webhook-Timestamp: VARIES\n\nthe body",
		"nats:deliveries.harbour": "PUB deliveries.harbour\nA-Header: value\nContent-Type: text/x-body\n" +
			"Nats-Msg-Id: event-id-of-subscription\nce-type: changed\n\nthe body",
		"ntfy://push.example/topic?priority=4&tags=ship,news": "POST https://push.example/\n" +
			"Content-Type: application/json\n\n" +
			`{"topic":"topic","title":"Changed: Title","message":"The Example\n\nSummary of Title",` +
			`"priority":4,"tags":["ship","news"],"click":"https://example.com/event"}`,
		"files:folder": "id-of-subscription-000000000077-000000000077.csv\n\n" +
			"message_id,type,time,subscription,article_id,revision,url,host,site_name,title,summary,section,authors," +
			"tags,language,published_time,word_count,content_hash,text\r\n" +
			"event,article.changed,2026-03-04T12:00:00Z,name-of-subscription,event,3,https://example.com/event,," +
			"The Example,Title,Summary of Title,,,,,,0,,\r\n",
	} {
		s := subscriptions.Subscription{
			ID: "id-of-subscription", Spec: subscriptions.Spec{Name: "name-of-subscription", To: to},
		}
		if s.Kind() == subscriptions.KindFiles {
			s.Form = forms.CSV
		}
		target, err := all.Of(s.Spec)
		if err != nil {
			t.Fatal(err)
		}
		got, err := target.Preview(s, []Item{item})
		if err != nil {
			t.Fatal(err)
		}
		if got = varying.ReplaceAllString(got, "${1}VARIES"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", to, got, want)
		}
	}
}

// TestPreviewOfAnEMail compares the headers and the texts of an e-mail.
func TestPreviewOfAnEMail(t *testing.T) {
	t.Parallel()
	s := subscriptions.Subscription{ID: "id-of-subscription", Spec: subscriptions.Spec{
		Name: "name-of-subscription", To: "mailto:desk@reader.example,night@reader.example",
	}}
	target := mails{SMTPConfig{From: "news@sender.example", Unsubscribe: "stop@desk.example"}, time.Minute}
	text, err := target.Preview(s, []Item{changedItem()})
	if err != nil {
		t.Fatal(err)
	}
	header, bodies := parts(t, text)
	for name, want := range map[string]string{
		"From": "<news@sender.example>", "To": "<desk@reader.example>, <night@reader.example>",
		"Subject": "Changed: Title", "Auto-Submitted": "auto-generated", "Precedence": "bulk",
		"List-Unsubscribe": "<mailto:stop@desk.example?subject=unsubscribe%20id-of-subscription>",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("the header %s is %q, want %q", name, got, want)
		}
	}
	if id := header.Get("Message-ID"); !strings.HasSuffix(id, "@sender.example>") {
		t.Errorf("the message has the ID %q", id)
	}
	const plain = "Changed: Title\nThe Example\nhttps://example.com/event\nSummary of Title\n\n-- \n" +
		"You get this e-mail because of the subscription name-of-subscription of Dateline. " +
		"Write to stop@desk.example to end it.\n"
	if got := strings.TrimSuffix(bodies["text/plain"], "\n"); got != strings.TrimSuffix(plain, "\n") {
		t.Errorf("the plain text is\n%s\nwant\n%s", got, plain)
	}
	for _, want := range []string{
		"<title>name-of-subscription</title>", `Changed: <a href="https://example.com/event">Title</a></div>`,
		"<div style=\"color: #555\">The Example</div>\n<div>Summary of Title</div>",
		"because of the subscription name-of-subscription of", "Write to stop@desk.example to end it.",
	} {
		if !strings.Contains(bodies["text/html"], want) {
			t.Errorf("the HTML lacks %q:\n%s", want, bodies["text/html"])
		}
	}
}
