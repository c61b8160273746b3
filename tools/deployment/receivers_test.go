package deployment

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
	alertmanager "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/slack"
	"github.com/prometheus/alertmanager/notify/webhook"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/model"
)

// examples returns the commented receivers of alertmanager.yml by the name of their
// key, each as a configuration in which only that receiver is not a comment.
func examples(t *testing.T) map[string][]string {
	t.Helper()
	text := read(t, "alertmanager/alertmanager.yml")
	found := map[string][]string{}
	for _, block := range regexp.MustCompile(`(?m)(^    #\S.*\n)(^    #  .*\n)+`).FindAllString(text, -1) {
		active := strings.ReplaceAll(block, "\n    #", "\n    ")
		active = strings.Replace(active, "    #", "    ", 1)
		name, _, _ := strings.Cut(strings.TrimSpace(active), ":")
		found[name] = append(found[name], strings.Replace(text, block, active, 1))
	}
	return found
}

// load loads a configuration as Alertmanager and "amtool check-config" do, with the
// templates of the repository.
func load(t *testing.T, text string) (*alertmanager.Config, *template.Template) {
	t.Helper()
	templates, err := filepath.Abs(filepath.Join(deploy, "alertmanager"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := alertmanager.Load(strings.ReplaceAll(text, "/etc/alertmanager", templates))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	texts, err := template.FromGlobs(config.Templates)
	if err != nil {
		t.Fatal(err)
	}
	texts.ExternalURL = &url.URL{Scheme: "http", Host: "127.0.0.1:9093"}
	return config, texts
}

// targetDown is what Prometheus sends for DatelineTargetDown.
func targetDown() *alert.Alert {
	return &alert.Alert{Alert: model.Alert{
		Labels: model.LabelSet{"alertname": "DatelineTargetDown", "job": "fetcher", "severity": "critical"},
		Annotations: model.LabelSet{
			"summary":     "fetcher at dateline-fetcher-1 is down",
			"description": "Prometheus has not been able to scrape it for two minutes.",
			"runbook_url": "https://runbook.example/DatelineTargetDown.md", "web_url": "http://127.0.0.1:8080/pipeline",
			"dashboard_url": "http://127.0.0.1:3000/d/dateline-overview?viewPanel=6",
		},
		StartsAt: time.Now(),
	}}
}

func TestShippedAlertmanagerSendsNothing(t *testing.T) {
	config, _ := load(t, read(t, "alertmanager/alertmanager.yml"))
	for _, receiver := range config.Receivers {
		if len(receiver.SlackConfigs)+len(receiver.EmailConfigs)+len(receiver.WebhookConfigs) > 0 {
			t.Errorf("the receiver %s sends alerts", receiver.Name)
		}
	}
}

// TestExampleReceiversSend loads each example, and sends an alert with it to a server on
// loopback. The parts of a mail are rendered instead.
func TestExampleReceiversSend(t *testing.T) {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		body = string(text)
		_, _ = io.WriteString(w, "ok") // Slack's answer
	}))
	defer server.Close()
	ctx := notify.WithGroupKey(t.Context(), "group")
	ctx = notify.WithReceiverName(ctx, "people")
	ctx = notify.WithGroupLabels(ctx, model.LabelSet{"alertname": "DatelineTargetDown", "job": "fetcher"})
	ctx = notify.WithNow(ctx, time.Now())
	discard := slog.New(slog.DiscardHandler)

	send := func(t *testing.T, text string) string {
		t.Helper()
		addresses := regexp.MustCompile(`https://[a-z.]+(/services/T|/dateline-secret|/alerts\b)`)
		config, texts := load(t, addresses.ReplaceAllString(text, server.URL+"$1"))
		receiver := config.Receivers[0]
		switch {
		case len(receiver.SlackConfigs) == 1:
			notifier, err := slack.New(receiver.SlackConfigs[0], texts, discard)
			return sent(ctx, t, notifier, err, &body)
		case len(receiver.WebhookConfigs) == 1:
			notifier, err := webhook.New(receiver.WebhookConfigs[0], texts, discard)
			return sent(ctx, t, notifier, err, &body)
		case len(receiver.EmailConfigs) == 1:
			mail := receiver.EmailConfigs[0]
			data := notify.GetTemplateData(ctx, texts, []*alert.Alert{targetDown()}, discard)
			var problem error
			render := notify.TmplText(texts, data, &problem)
			message := render(mail.Headers["Subject"]) + "\n" + render(mail.Text)
			if problem != nil {
				t.Error(problem)
			}
			return message
		}
		t.Error("the example has no receiver, or several")
		return ""
	}

	found := examples(t)
	var names []string
	for name, texts := range found {
		names = append(names, name)
		for _, text := range texts {
			message := send(t, text)
			for _, want := range slices.Sorted(values(targetDown().Annotations)) {
				if !strings.Contains(message, want) {
					t.Errorf("%s: the message lacks %q:\n%s", name, want, message)
				}
			}
		}
	}
	slices.Sort(names)
	want := []string{"email_configs", "slack_configs", "webhook_configs"}
	if hooks := len(found["webhook_configs"]); !slices.Equal(names, want) || hooks != 2 {
		t.Errorf("the examples are %v with %d web hooks, want %v with two", names, hooks, want)
	}
}

// sent sends the alert, and returns the texts of the request that the server received.
func sent(ctx context.Context, t *testing.T, notifier notify.Notifier, err error, body *string) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := notifier.Notify(ctx, targetDown()); err != nil {
		t.Fatal(err)
	}
	var message any
	if err := json.Unmarshal([]byte(*body), &message); err != nil {
		t.Fatalf("%v in %s", err, *body)
	}
	var texts []string
	collect(message, &texts)
	return strings.Join(texts, "\n")
}

// collect appends all texts in a JSON value.
func collect(value any, texts *[]string) {
	switch value := value.(type) {
	case string:
		*texts = append(*texts, value)
	case []any:
		for _, one := range value {
			collect(one, texts)
		}
	case map[string]any:
		for _, one := range value {
			collect(one, texts)
		}
	}
}

// values iterates over the values of a set of labels.
func values(set model.LabelSet) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, value := range set {
			if !yield(string(value)) {
				return
			}
		}
	}
}
