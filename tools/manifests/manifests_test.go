package manifests

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/dateline-news/dateline/internal/subject"
)

const root = "../.."

// build builds a kustomization and decodes the resulting objects.
func build(t *testing.T, name string) []any {
	t.Helper()
	return buildFolder(t, filepath.Join(root, "deploy", "kubernetes", name))
}

// withArchive is a kustomization of the base with the archiver.
const withArchive = "testdata/archive"

// withBucket is a kustomization of the base with the archiver and a bucket.
const withBucket = "testdata/bucket"

// withFiles is a kustomization of the base with the volume of the files of subscriptions.
const withFiles = "testdata/files"

// buildFolder builds the kustomization in a folder.
func buildFolder(t *testing.T, name string) []any {
	t.Helper()
	kustomizer := krusty.MakeKustomizer(krusty.MakeDefaultOptions())
	made, err := kustomizer.Run(filesys.MakeFsOnDisk(), name)
	if err != nil {
		t.Fatal(err)
	}
	var objects []any
	for _, resource := range made.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		object, err := Decode(text)
		if err != nil {
			t.Errorf("%s: %s: %v", name, resource.GetName(), err)
			continue
		}
		objects = append(objects, object)
	}
	return objects
}

func deployments(objects []any) map[string]*apps.Deployment {
	found := map[string]*apps.Deployment{}
	for _, object := range objects {
		if d, ok := object.(*apps.Deployment); ok {
			found[d.Name] = d
		}
	}
	return found
}

// pods returns the pods of deployments and jobs, by the name of their object.
func pods(objects []any) map[string]core.PodSpec {
	found := map[string]core.PodSpec{}
	for _, object := range objects {
		switch object := object.(type) {
		case *apps.Deployment:
			found[object.Name] = object.Spec.Template.Spec
		case *batch.CronJob:
			found[object.Name] = object.Spec.JobTemplate.Spec.Template.Spec
		}
	}
	return found
}

func TestManifestsFitTheirTypes(t *testing.T) {
	for _, name := range []string{"base", "keda"} {
		if found := deployments(build(t, name)); len(found) != 5 {
			t.Errorf("%s has %d deployments, want 5", name, len(found))
		}
	}
}

func TestInvalidObjectsAreRefused(t *testing.T) {
	for what, text := range map[string]string{
		"unknown field":  "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replica: 2}\n",
		"wrong type":     "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: two}\n",
		"repeated field": "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {type: ClusterIP, type: NodePort}\n",
		"unknown kind":   "apiVersion: apps/v1\nkind: Deploymant\nmetadata: {name: x}\n",
		"of KEDA": "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: x}\n" +
			"spec: {scaleTargetRef: {name: x}, maxReplicas: 3}\n",
	} {
		if _, err := Decode([]byte(text)); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

func TestEveryContainerIsLockedDown(t *testing.T) {
	objects := buildFolder(t, withArchive)
	services := deployments(objects)
	for name, pod := range pods(objects) {
		context := pod.SecurityContext
		if context == nil || !isTrue(context.RunAsNonRoot) || context.SeccompProfile == nil {
			t.Errorf("%s may run as root or without seccomp", name)
		}
		if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
			t.Errorf("%s has a token for the cluster", name)
		}
		for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
			s := c.SecurityContext
			if s == nil || !isTrue(s.ReadOnlyRootFilesystem) ||
				s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
				s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) {
				t.Errorf("%s/%s is not locked down", name, c.Name)
			}
			if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
				t.Errorf("%s/%s has no memory limit or no CPU request", name, c.Name)
			}
			if !strings.Contains(c.Image, ":") || strings.HasSuffix(c.Image, ":latest") {
				t.Errorf("%s/%s has no fixed version: %s", name, c.Name, c.Image)
			}
		}
		for _, c := range pod.Containers {
			if services[name] == nil {
				continue // a job ends by itself
			}
			if c.ReadinessProbe == nil || c.LivenessProbe == nil || c.StartupProbe == nil {
				t.Errorf("%s/%s lacks a probe", name, c.Name)
			}
		}
	}
}

// Every setting in the manifests is a setting of its program.
func TestSettingsExist(t *testing.T) {
	reference, err := os.ReadFile(filepath.Join(root, "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(where, name string) {
		if strings.HasPrefix(name, "DATELINE_") && !strings.Contains(string(reference), "`"+name+"`") {
			t.Errorf("%s: unknown setting %s", where, name)
		}
	}
	objects := slices.Concat(buildFolder(t, withArchive), buildFolder(t, withBucket), buildFolder(t, withFiles))
	for _, object := range objects {
		if object, ok := object.(*core.ConfigMap); ok {
			for name := range object.Data {
				check(object.Name, name)
			}
		}
	}
	for name, pod := range pods(objects) {
		for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
			for _, e := range c.Env {
				check(name, e.Name)
			}
		}
	}
}

// Every target and trigger of KEDA exists, and a deployment that KEDA scales does not
// set its number of replicas.
func TestScalingIsByConsumersThatExist(t *testing.T) {
	read := map[string]string{
		subject.StreamURLs:     subject.ConsumerIntake,
		subject.StreamPages:    subject.ConsumerExtract,
		subject.StreamArticles: subject.ConsumerIndex,
	}
	objects := build(t, "keda")
	scaled := deployments(objects)
	count := 0
	for _, object := range objects {
		s, ok := object.(*ScaledObject)
		if !ok {
			continue
		}
		count++
		target := scaled[s.Spec.ScaleTargetRef.Name]
		if target == nil || target.Spec.Replicas != nil {
			t.Errorf("%s scales %q, which does not exist or sets its number of replicas",
				s.Name, s.Spec.ScaleTargetRef.Name)
		}
		for _, trigger := range s.Spec.Triggers {
			m := trigger.Metadata
			if trigger.Type != "nats-jetstream" || read[m["stream"]] != m["consumer"] || m["account"] != "DATELINE" ||
				!regexp.MustCompile(`^\d+$`).MatchString(m["lagThreshold"]) ||
				!regexp.MustCompile(`:8222$`).MatchString(m["natsServerMonitoringEndpoint"]) {
				t.Errorf("%s scales by %v", s.Name, m)
			}
		}
	}
	if count != 3 {
		t.Errorf("%d deployments are scaled, want 3", count)
	}
}

// TestOnlyTheArchiverHasTheSpool checks the volumes of an archive in a bucket, and who has the
// keys for the bucket.
func TestOnlyTheArchiverHasTheSpool(t *testing.T) {
	for name, pod := range pods(buildFolder(t, withBucket)) {
		isArchiver := name == "archiver"
		if got := len(pod.Volumes) > 0; got != isArchiver {
			t.Errorf("%s has the volumes %+v", name, pod.Volumes)
		}
		hasKeys := slices.ContainsFunc(pod.Containers[0].Env, func(e core.EnvVar) bool {
			return e.Name == "DATELINE_S3_SECRET_KEY" && e.ValueFrom.SecretKeyRef.Key == "s3-secret-key"
		})
		if want := isArchiver || name == "indexer" || name == "doctor" || name == "notifier"; hasKeys != want {
			t.Errorf("%s has the keys for the bucket: %t, want %t", name, hasKeys, want)
		}
	}
}

// TestTheNotifierHasItsSettings checks that only the notifier has the password for e-mails and the volume for files.
func TestTheNotifierHasItsSettings(t *testing.T) {
	for name, pod := range pods(buildFolder(t, withFiles)) {
		is, c := name == "notifier", pod.Containers[0]
		hasPassword := slices.ContainsFunc(c.Env, func(e core.EnvVar) bool {
			return e.Name == "DATELINE_NOTIFIER_SMTP_PASSWORD" && e.ValueFrom.SecretKeyRef.Key == "smtp-password" &&
				isTrue(e.ValueFrom.SecretKeyRef.Optional)
		})
		hasFolder := slices.ContainsFunc(c.Env, func(e core.EnvVar) bool {
			return e.Name == "DATELINE_NOTIFIER_FILES" && len(c.VolumeMounts) == 1 && e.Value == c.VolumeMounts[0].MountPath
		})
		if hasPassword != is || hasFolder != is || is != (pod.SecurityContext.FSGroup != nil) {
			t.Errorf("%s has the password: %t, the folder: %t, the group of files: %v", name, hasPassword, hasFolder,
				pod.SecurityContext.FSGroup)
		}
	}
}

// TestOnlyTheArchiverWritesToTheArchive checks the volumes of the archive.
func TestOnlyTheArchiverWritesToTheArchive(t *testing.T) {
	found := deployments(buildFolder(t, withArchive))
	if len(found) != 6 {
		t.Fatalf("%d deployments, want 6", len(found))
	}
	for name, d := range found {
		var mounts []core.VolumeMount
		for _, c := range d.Spec.Template.Spec.Containers {
			mounts = append(mounts, c.VolumeMounts...)
		}
		switch name {
		case "archiver":
			if replicas, strategy := *d.Spec.Replicas, d.Spec.Strategy.Type; len(mounts) != 1 || mounts[0].ReadOnly ||
				replicas != 1 || strategy != apps.RecreateDeploymentStrategyType {
				t.Errorf("the archiver has the mounts %+v, %d replicas and the strategy %s", mounts, replicas, strategy)
			}
		case "indexer":
			if len(mounts) != 1 || !mounts[0].ReadOnly {
				t.Errorf("the indexer has the mounts %+v", mounts)
			}
		default:
			if len(mounts) != 0 {
				t.Errorf("%s has the mounts %+v", name, mounts)
			}
		}
	}
}
