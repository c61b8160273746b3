package targets

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/notifier/subscriptions"
	"github.com/dateline-news/dateline/services/notifier/webhook"
)

// hooks are web hooks.
type hooks struct{ client *webhook.Client }

func (h hooks) Check(spec subscriptions.Spec) error {
	target, err := url.Parse(spec.To)
	if err != nil {
		return fmt.Errorf("parsing the target: %w", err)
	}
	return h.client.Check(target)
}

func (h hooks) Send(ctx context.Context, s subscriptions.Subscription, items []Item) []Outcome {
	if len(items) != 1 {
		return same(items, Outcome{Result: Failed, Detail: errSingle.Error()})
	}
	return []Outcome{outcomeOf(h.client.Send(ctx, s.To, messageOf(s, items[0])))}
}

func messageOf(s subscriptions.Subscription, item Item) webhook.Message {
	return webhook.Message{
		ID: item.Event.ID, ContentType: item.Message.ContentType, Header: item.Message.Header, Body: item.Message.Body,
		Keys: s.Keys(),
	}
}

func (h hooks) Preview(s subscriptions.Subscription, items []Item) (string, error) {
	if len(items) != 1 {
		return "", errSingle
	}
	message := messageOf(s, items[0])
	request, err := webhook.NewRequest(context.Background(), s.To, message, time.Now())
	if err != nil {
		return "", err
	}
	return preview(s.Shown().To, request, message.Body), nil
}

// preview returns a request as text, without its credentials.
func preview(target string, request *http.Request, body []byte) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", request.Method, target)
	var names []string
	for name := range request.Header {
		if name != headerAuthorization {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&out, "%s: %s\n", name, request.Header.Get(name))
	}
	return out.String() + "\n" + string(body)
}

func (h hooks) Close() { h.client.Close() }
