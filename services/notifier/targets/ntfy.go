package targets

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/webhook"
)

const headerAuthorization = "Authorization"

// maxNtfyText is the maximum length of a text in bytes. ntfy makes an attachment of longer ones.
const maxNtfyText = 3500

// topics are topics of ntfy servers (https://ntfy.sh).
type topics struct{ client *webhook.Client }

// notification is what ntfy publishes (https://docs.ntfy.sh/publish/#publish-as-json).
type notification struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Click    string   `json:"click,omitempty"`
}

func (t topics) Check(spec subscriptions.Spec) error {
	topic, err := subscriptions.ParseNtfy(spec.To)
	if err != nil {
		return err
	}
	server, err := url.Parse(topic.Server)
	if err != nil {
		return fmt.Errorf("parsing the target: %w", err)
	}
	return t.client.Check(server)
}

func (t topics) request(
	ctx context.Context, s subscriptions.Subscription, items []Item,
) (*http.Request, []byte, error) {
	if len(items) != 1 {
		return nil, nil, errSingle
	}
	topic, err := subscriptions.ParseNtfy(s.To)
	if err != nil {
		return nil, nil, err
	}
	note := forms.NoteOf(items[0].Event)
	one := notification{
		Topic: topic.Topic, Title: note.Label + note.Title, Message: note.Source, Priority: topic.Priority,
		Tags: topic.Tags, Click: note.Link,
	}
	if note.Excerpt != "" {
		one.Message += "\n\n" + note.Excerpt
	}
	if s.Form == forms.Template {
		one.Message = forms.Cut(string(items[0].Message.Body), maxNtfyText)
	}
	body, err := json.Marshal(one)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding a notification: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, topic.Server, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("creating a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token := s.Token(); token != "" {
		request.Header.Set(headerAuthorization, "Bearer "+token)
	}
	return request, body, nil
}

func (t topics) Send(ctx context.Context, s subscriptions.Subscription, items []Item) []Outcome {
	request, _, err := t.request(ctx, s, items)
	if err != nil {
		return same(items, Outcome{Detail: err.Error()})
	}
	return []Outcome{outcomeOf(t.client.Do(request))}
}

func (t topics) Preview(s subscriptions.Subscription, items []Item) (string, error) {
	request, body, err := t.request(context.Background(), s, items)
	if err != nil {
		return "", err
	}
	return preview(request.URL.String(), request, body), nil
}

// Close does nothing: the client is that of the web hooks.
func (topics) Close() {}
