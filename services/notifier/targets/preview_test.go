package targets

import (
	"net/http"
	"strings"
	"testing"

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
