// Package manifests renders and decodes what is under deploy/kubernetes and deploy/helm.
// Its tests check that every object fits its API type, and that the chart and the
// kustomization agree.
package manifests

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// types are the API types that the manifests use.
var types = map[string]func() any{
	"v1/ConfigMap":                       func() any { return new(core.ConfigMap) },
	"v1/PersistentVolumeClaim":           func() any { return new(core.PersistentVolumeClaim) },
	"v1/Service":                         func() any { return new(core.Service) },
	"apps/v1/Deployment":                 func() any { return new(apps.Deployment) },
	"batch/v1/CronJob":                   func() any { return new(batch.CronJob) },
	"policy/v1/PodDisruptionBudget":      func() any { return new(policy.PodDisruptionBudget) },
	"v1/Secret":                          func() any { return new(core.Secret) },
	"networking.k8s.io/v1/Ingress":       func() any { return new(networking.Ingress) },
	"networking.k8s.io/v1/NetworkPolicy": func() any { return new(networking.NetworkPolicy) },
	"keda.sh/v1alpha1/ScaledObject":      func() any { return new(ScaledObject) },
}

// Decode decodes an object strictly: an unknown, repeated or misplaced field is
// an error.
func Decode(text []byte) (any, error) {
	var kind struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal(text, &kind); err != nil {
		return nil, err
	}
	name := kind.APIVersion + "/" + kind.Kind
	create, found := types[name]
	if !found {
		return nil, fmt.Errorf("unknown type %s", name)
	}
	object := create()
	if err := yaml.UnmarshalStrict(text, object); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return object, nil
}

var separator = regexp.MustCompile(`(?m)^---$`)

// Template renders a chart like "helm template", and returns the objects as text, in the
// order of their files.
func Template(path string, values map[string]any) ([]string, error) {
	chart, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	options := chartutil.ReleaseOptions{Name: "trial", Namespace: "news", IsInstall: true}
	merged, err := chartutil.ToRenderValues(chart, values, options, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, merged)
	if err != nil {
		return nil, err
	}
	var objects []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, "NOTES.txt") {
			continue
		}
		for _, text := range separator.Split(files[name], -1) {
			if strings.TrimSpace(text) != "" {
				objects = append(objects, text)
			}
		}
	}
	return objects, nil
}
