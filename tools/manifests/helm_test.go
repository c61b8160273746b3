package manifests

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

const agent = "Dateline/1.0 (+https://github.com/dateline-news/dateline)"

func chartPath() string { return filepath.Join(root, "deploy", "helm", "dateline") }

// template renders the chart like "helm template", and returns the objects as text.
func template(t *testing.T, values map[string]any) ([]string, error) {
	t.Helper()
	return Template(chartPath(), values)
}

// render renders the chart, and decodes the objects strictly into their API types.
func render(t *testing.T, values map[string]any) []any {
	t.Helper()
	texts, err := template(t, values)
	if err != nil {
		t.Fatal(err)
	}
	var objects []any
	for _, text := range texts {
		object, err := Decode([]byte(text))
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		objects = append(objects, object)
	}
	return objects
}

// byName returns objects as JSON values, by kind and name. It removes what must differ
// between the chart and the base: the suffix of a generated name, with which kustomize
// replaces pods when settings change, and the annotation with which the chart does.
func byName(t *testing.T, objects []any) map[string]any {
	t.Helper()
	named := map[string]any{}
	for _, object := range objects {
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		text = regexp.MustCompile(`"dateline-[a-z0-9]{10}"`).ReplaceAll(text, []byte(`"dateline"`))
		text = regexp.MustCompile(`"checksum/(settings|secret)":"[^"]*",`).ReplaceAll(text, nil)
		text = regexp.MustCompile(`"imagePullPolicy":"IfNotPresent",`).ReplaceAll(text, nil)
		text = regexp.MustCompile(`,"annotations":\{"helm.sh/resource-policy":"keep"\}`).ReplaceAll(text, nil)
		var value struct {
			Kind     string
			Metadata struct{ Name string }
		}
		var whole any
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &whole); err != nil {
			t.Fatal(err)
		}
		named[value.Kind+" "+value.Metadata.Name] = whole
	}
	return named
}

func TestTheChartIsTheBase(t *testing.T) {
	compareChart(t, build(t, "base"), map[string]any{"userAgent": agent})
	compareChart(t, buildFolder(t, withArchive), map[string]any{
		"userAgent": agent, "archiver": map[string]any{"enabled": true},
	})
	compareChart(t, buildFolder(t, withBucket), map[string]any{
		"userAgent": agent, "archiver": map[string]any{"enabled": true, "bucket": "s3://dateline/archive", "size": "20Gi"},
	})
	compareChart(t, buildFolder(t, withFiles), map[string]any{
		"userAgent": agent, "notifier": map[string]any{"files": map[string]any{"enabled": true}},
	})
}

func compareChart(t *testing.T, objects []any, values map[string]any) {
	t.Helper()
	base := byName(t, objects)
	chart := byName(t, render(t, values))
	names := slices.Sorted(maps.Keys(base))
	if got := slices.Sorted(maps.Keys(chart)); !slices.Equal(got, names) {
		t.Fatalf("the chart has %q, the base has %q", got, names)
	}
	for _, name := range names {
		if !reflect.DeepEqual(base[name], chart[name]) {
			want, _ := yaml.Marshal(base[name])
			got, _ := yaml.Marshal(chart[name])
			t.Errorf("%s: the chart has\n%s\nthe base has\n%s", name, got, want)
		}
	}
}

func TestLint(t *testing.T) {
	for _, message := range lint.All(chartPath(), map[string]any{"userAgent": agent}, "news", true).Messages {
		if message.Severity > support.InfoSev {
			t.Error(message)
		}
	}
}

func TestValuesAreUsed(t *testing.T) {
	objects := render(t, map[string]any{
		"userAgent": "Trial/1.0",
		"image": map[string]any{
			"prefix": "registry.example/dateline", "tag": "v9", "pullSecrets": []any{map[string]any{"name": "registry"}},
		},
		"secret":          map[string]any{"name": "keys", "data": map[string]any{"store-url": "postgres://x"}},
		"settings":        map[string]any{"DATELINE_FETCHER_DELAY": "2s"},
		"fetcher":         map[string]any{"replicas": nil},
		"natsReplicas":    1,
		"networkPolicies": map[string]any{"enabled": false},
		"ingress": map[string]any{
			"enabled": true, "host": "news.example", "className": "nginx", "tlsSecret": "certificate",
		},
	})
	deployed := deployments(objects)
	fetcher, indexer := deployed["fetcher"].Spec, deployed["indexer"].Spec
	pod := indexer.Template.Spec
	if fetcher.Replicas != nil || *indexer.Replicas != 2 {
		t.Errorf("replicas are %v and %v, want none and 2", fetcher.Replicas, indexer.Replicas)
	}
	if image := pod.InitContainers[0].Image; image != "registry.example/dateline-indexer:v9" ||
		pod.ImagePullSecrets[0].Name != "registry" || pod.Containers[0].Env[0].ValueFrom.SecretKeyRef.Name != "keys" {
		t.Errorf("the indexer is %+v", pod)
	}
	for _, object := range objects {
		switch object := object.(type) {
		case *core.ConfigMap:
			if object.Data["DATELINE_FETCHER_DELAY"] != "2s" || object.Data["DATELINE_NATS_REPLICAS"] != "1" {
				t.Errorf("the settings are %v", object.Data)
			}
		case *core.Secret:
			if object.Name != "keys" || object.StringData["store-url"] != "postgres://x" {
				t.Errorf("the secret is %+v", object)
			}
		case *networking.Ingress:
			if object.Spec.Rules[0].Host != "news.example" || *object.Spec.IngressClassName != "nginx" ||
				object.Spec.TLS[0].SecretName != "certificate" {
				t.Errorf("the ingress is %+v", object.Spec)
			}
		case *networking.NetworkPolicy:
			t.Errorf("network policy %s although they are off", object.Name)
		}
	}
	if want := 20; len(objects) != want { // 5 deployments, 5 budgets, 6 Services, CronJob, ConfigMap, Secret, Ingress
		t.Errorf("%d objects, want %d", len(objects), want)
	}
}

// Helm reads a file of values as JSON, in which each number is a float64.
func TestNumbersInSettingsStayWhole(t *testing.T) {
	values := map[string]any{"userAgent": agent}
	text := "settings: { DATELINE_A: 20000000, DATELINE_B: 0.5, DATELINE_C: true }"
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	data := settings(t, values)
	if data["DATELINE_A"] != "20000000" || data["DATELINE_B"] != "0.5" || data["DATELINE_C"] != "true" {
		t.Errorf("the settings are %v", data)
	}
}

// The network policies keep the indexer from getting pictures from sites.
func TestPicturesNeedTheNetwork(t *testing.T) {
	isolated := settings(t, map[string]any{"userAgent": agent})
	open := settings(t, map[string]any{"userAgent": agent, "networkPolicies": map[string]any{"enabled": false}})
	wanted := settings(t, map[string]any{"userAgent": agent, "settings": map[string]any{"DATELINE_HTTP_PICTURES": true}})
	const name = "DATELINE_HTTP_PICTURES"
	if isolated[name] != "false" || open[name] != "" || wanted[name] != "true" {
		t.Errorf("%s is %q with policies, %q without, %q if set to true", name, isolated[name], open[name], wanted[name])
	}
}

// settings returns the settings in the ConfigMap of the chart.
func settings(t *testing.T, values map[string]any) map[string]string {
	t.Helper()
	for _, object := range render(t, values) {
		if object, ok := object.(*core.ConfigMap); ok {
			return object.Data
		}
	}
	t.Fatal("the chart has no ConfigMap")
	return nil
}

func TestRequiredValues(t *testing.T) {
	for want, values := range map[string]map[string]any{
		"userAgent is not set":    {},
		"ingress.host is not set": {"userAgent": agent, "ingress": map[string]any{"enabled": true}},
	} {
		if _, err := template(t, values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// TestKeysOfTheSecretAreDocumented checks that values.yaml lists the keys that the chart
// reads.
func TestKeysOfTheSecretAreDocumented(t *testing.T) {
	chart, err := loader.Load(chartPath())
	if err != nil {
		t.Fatal(err)
	}
	var documented string
	for _, file := range chart.Raw {
		if file.Name == "values.yaml" {
			documented = string(file.Data)
		}
	}
	texts, err := template(t, map[string]any{
		"userAgent": agent, "archiver": map[string]any{"enabled": true, "bucket": "s3://news/archive"},
	})
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	reads := regexp.MustCompile(`secretKeyRef: \{ name: dateline, key: ([a-z0-9-]+)`)
	for _, match := range reads.FindAllStringSubmatch(strings.Join(texts, ""), -1) {
		used[match[1]] = true
	}
	listed := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^  #   ([a-z0-9-]+) {3,}\S`).FindAllStringSubmatch(documented, -1) {
		listed[match[1]] = true
	}
	if !maps.Equal(used, listed) {
		t.Errorf("values.yaml lists %v, the chart reads %v", listed, used)
	}
}

// Settings replace what the chart derives from other values, instead of appearing twice.
func TestSettingsAppearOnce(t *testing.T) {
	texts, err := template(t, map[string]any{"userAgent": agent, "settings": map[string]any{
		"DATELINE_NATS_REPLICAS": "1", "DATELINE_ADMIN_LOG_FORMAT": "text", "DATELINE_FETCHER_USER_AGENT": "Other/1.0",
		"DATELINE_FETCHER_DELAY": "2s",
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`DATELINE_NATS_REPLICAS: "1"`, `DATELINE_ADMIN_LOG_FORMAT: "text"`, `DATELINE_FETCHER_USER_AGENT: "Other/1.0"`,
		`DATELINE_FETCHER_DELAY: "2s"`,
	} {
		name, _, _ := strings.Cut(line, " ")
		all := strings.Join(texts, "\n")
		if strings.Count(all, "\n  "+name) != 1 || !strings.Contains(all, "\n  "+line+"\n") {
			t.Errorf("%s appears %d times, want once as %s", name, strings.Count(all, "\n  "+name), line)
		}
	}
}

// TestChangesReplacePods checks that the pods of every service change with a setting and
// with a secret of the chart, and only then.
func TestChangesReplacePods(t *testing.T) {
	annotations := func(delay, password string) map[string]map[string]string {
		found := map[string]map[string]string{}
		for name, deployment := range deployments(render(t, map[string]any{
			"userAgent": agent, "settings": map[string]any{"DATELINE_FETCHER_DELAY": delay},
			"secret": map[string]any{"data": map[string]any{
				"store-url": "postgres://dateline:" + password + "@postgres/dateline",
			}},
		})) {
			found[name] = deployment.Spec.Template.Annotations
		}
		return found
	}
	before, same := annotations("2s", "one"), annotations("2s", "one")
	settings, secret := annotations("3s", "one"), annotations("2s", "two")
	if len(before) != 5 {
		t.Fatalf("%d deployments, want 5", len(before))
	}
	for name, is := range before {
		if !maps.Equal(is, same[name]) {
			t.Errorf("%s: the pods are replaced without a change", name)
		}
		if maps.Equal(is, settings[name]) || maps.Equal(is, secret[name]) {
			t.Errorf("%s: the pods are kept after a change of a setting or of a secret", name)
		}
	}
}
