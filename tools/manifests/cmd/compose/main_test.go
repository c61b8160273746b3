package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const chart = "../../../../deploy/helm/dateline"

const secrets = `
  nats-setup-url: nats://setup
  nats-fetcher-url: nats://fetcher
  nats-discoverer-url: nats://discoverer
  nats-extractor-url: nats://extractor
  nats-indexer-url: nats://indexer:a$b
  nats-notifier-url: nats://notifier
  store-url: postgres://dateline
  http-read-token: reading
  http-operate-token: operating
`

func compose(t *testing.T, data string) (string, error) {
	t.Helper()
	values := filepath.Join(t.TempDir(), "values.yaml")
	text := "userAgent: Trial/1.0\nimage: { tag: v9 }\nfetcher: { replicas: 3 }\nsecret: { data: {" +
		strings.ReplaceAll(strings.TrimSpace(data), "\n", ",") + "} }\n"
	if err := os.WriteFile(values, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err := run([]string{chart, values, "outside", "forwarder"}, &out)
	return out.String(), err
}

func TestThePodsBecomeContainers(t *testing.T) {
	text, err := compose(t, secrets+"  nats-operator-url: nats://operator\n")
	if err != nil {
		t.Fatal(err)
	}
	type network struct{ Aliases []string }
	var file struct {
		Services map[string]struct {
			Image, User string
			Command     []string
			Environment map[string]string
			ReadOnly    bool `json:"read_only"`
			Profiles    []string
			Deploy      struct{ Replicas int }
			DependsOn   map[string]any `json:"depends_on"`
			Networks    struct{ Cluster network }
		}
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	fetcher, indexer, doctor := file.Services["fetcher"], file.Services["indexer"], file.Services["doctor"]
	if fetcher.Image != "dateline-fetcher:v9" || fetcher.User != "65532:65532" || !fetcher.ReadOnly ||
		fetcher.Deploy.Replicas != 3 || fetcher.Networks.Cluster.Aliases[0] != "fetcher-pods" ||
		fetcher.Environment["DATELINE_FETCHER_USER_AGENT"] != "Trial/1.0" {
		t.Errorf("the fetcher is %+v", fetcher)
	}
	if indexer.Environment["DATELINE_NATS_URL"] != "nats://indexer:a$$b" || indexer.DependsOn["declare"] == nil {
		t.Errorf("the indexer is %+v", indexer)
	}
	if _, set := file.Services["notifier"].Environment["DATELINE_NOTIFIER_SMTP_PASSWORD"]; set {
		t.Error("the notifier has an optional secret that the Secret lacks")
	}
	if doctor.Profiles[0] != "tools" || doctor.Environment["DATELINE_NATS_URL"] != "nats://operator" {
		t.Errorf("the doctor is %+v", doctor)
	}
	if page := file.Services["service-indexer"]; strings.Join(page.Command, " ") != "forward :80 indexer-pods:8080" ||
		page.Networks.Cluster.Aliases[0] != "indexer" {
		t.Errorf("the service of the indexer is %+v", page)
	}
	if got := file.Services["declare"].Command; len(got) != 1 || got[0] != "declare" {
		t.Errorf("the first container of the indexer runs %q", got)
	}
	if strings.Contains(text, "null") {
		t.Errorf("Compose refuses null in\n%s", text)
	}
	if len(file.Services) != 8 { // five services, declare, the doctor, the page
		t.Errorf("%d services in\n%s", len(file.Services), text)
	}
}

func TestMissingSecret(t *testing.T) {
	if _, err := compose(t, secrets); err == nil || !strings.Contains(err.Error(), "lacks nats-operator-url") {
		t.Errorf("got %v", err)
	}
}
