//go:build kubernetes

// Package apiserver applies the manifests under deploy/kubernetes to Kubernetes's own
// API server, which runs in this process with its etcd. A cluster refuses whatever this
// server refuses. No pod is scheduled or run.
//
// Building the server takes a quarter of an hour on two cores. Therefore the package has
// a build tag and only "make kubernetes" runs it; tools/manifests has the quick check,
// which decodes the manifests into their types.
package apiserver

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app/testing"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const (
	root      = "../.."
	namespace = "dateline"
)

// cluster is an API server with its store, and a client that finds kinds.
type cluster struct {
	objects dynamic.Interface
	typed   kubernetes.Interface
	kinds   *restmapper.DeferredDiscoveryRESTMapper
}

// startCluster runs Kubernetes's own API server and etcd in this process until the
// test ends. There is no scheduler and no kubelet, so no pod runs.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	config := embed.NewConfig()
	config.Dir, config.LogLevel = t.TempDir(), "error"
	free := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{free}, []url.URL{free}
	config.ListenPeerUrls = []url.URL{free}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(etcd.Close)
	select {
	case <-etcd.Server.ReadyNotify():
	case <-time.After(time.Minute):
		t.Fatal("etcd does not start")
	}
	storage := storagebackend.NewDefaultConfig("registry", nil)
	storage.Transport.ServerList = []string{"http://" + etcd.Clients[0].Addr().String()}
	server := apiserver.StartTestServerOrDie(t, nil, []string{"--disable-admission-plugins=ServiceAccount"}, storage)
	t.Cleanup(server.TearDownFn)
	server.ClientConfig.QPS = -1
	typed := kubernetes.NewForConfigOrDie(server.ClientConfig)
	return &cluster{
		objects: dynamic.NewForConfigOrDie(server.ClientConfig), typed: typed,
		kinds: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(server.ClientConfig))),
	}
}

// apply applies an object like kubectl apply --server-side. An unknown field is an
// error.
func (c *cluster) apply(ctx context.Context, object map[string]any) error {
	u := &unstructured.Unstructured{Object: object}
	kind := u.GroupVersionKind()
	mapping, err := c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) { // the definition may have just been added
		c.kinds.Reset()
		mapping, err = c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	}
	if err != nil {
		return err
	}
	data, err := json.Marshal(object)
	if err != nil {
		return err
	}
	resource := dynamic.ResourceInterface(c.objects.Resource(mapping.Resource))
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		resource = c.objects.Resource(mapping.Resource).Namespace(namespace)
	}
	force := true
	_, err = resource.Patch(ctx, u.GetName(), types.ApplyPatchType, data, metav1.PatchOptions{
		FieldManager: "dateline", Force: &force, FieldValidation: metav1.FieldValidationStrict,
	})
	return err
}

// objects builds a kustomization.
func objects(t *testing.T, name string) []map[string]any {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(root, "deploy", "kubernetes", name))
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for _, resource := range made.Resources() {
		object, err := resource.Map()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, object)
	}
	return all
}

// kedaDefinition is KEDA's own definition of its ScaledObject.
func kedaDefinition(t *testing.T) map[string]any {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", "github.com/kedacore/keda/v2@v2.21.0").Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, "config", "crd", "bases", "keda.sh_scaledobjects.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestAnAPIServerTakesTheManifests(t *testing.T) {
	ctx, c := t.Context(), startCluster(t)
	if err := c.apply(ctx, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
		"name": namespace, "labels": map[string]any{"pod-security.kubernetes.io/enforce": "restricted"},
	}}); err != nil {
		t.Fatal(err)
	}
	if err := c.apply(ctx, kedaDefinition(t)); err != nil {
		t.Fatal(err)
	}
	// A new kind is served only after a moment.
	served := func() bool {
		c.kinds.Reset()
		_, err := c.kinds.RESTMapping(schema.GroupKind{Group: "keda.sh", Kind: "ScaledObject"}, "v1alpha1")
		return err == nil
	}
	for end := time.Now().Add(time.Minute); !served(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the kind of KEDA is not served")
		}
	}
	for _, name := range []string{"base", "keda"} {
		for range 2 { // applying it again changes nothing
			for _, object := range objects(t, name) {
				if err := c.apply(ctx, object); err != nil {
					t.Errorf("%s: %v %v: %v", name, object["kind"], object["metadata"].(map[string]any)["name"], err)
				}
			}
		}
	}

	// The strictest of Kubernetes's pod security standards admits every pod.
	found, err := c.typed.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil || len(found.Items) != 3 {
		t.Fatalf("%d deployments, %v", len(found.Items), err)
	}
	for _, d := range found.Items {
		if err := c.admits(ctx, d); err != nil {
			t.Errorf("a pod of %s: %v", d.Name, err)
		}
		d.Spec.Template.Spec.SecurityContext = nil
		if err := c.admits(ctx, d); !apierrors.IsForbidden(err) {
			t.Errorf("a pod of %s without its security context: %v", d.Name, err)
		}
	}
}

func (c *cluster) admits(ctx context.Context, d apps.Deployment) error {
	pod := &core.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: d.Name + "-", Labels: d.Spec.Template.Labels}, Spec: d.Spec.Template.Spec}
	_, err := c.typed.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	ctx, c := t.Context(), startCluster(t)
	if err := c.apply(ctx, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}); err != nil {
		t.Fatal(err)
	}
	for fault, spoil := range map[string]func(spec map[string]any){
		"replica": func(spec map[string]any) { spec["replica"] = 2 },
		"selector": func(spec map[string]any) {
			spec["selector"] = map[string]any{"matchLabels": map[string]any{"app": "another"}}
		},
	} {
		tried := 0
		for _, object := range objects(t, "base") {
			if object["kind"] != "Deployment" {
				continue
			}
			spoil(object["spec"].(map[string]any))
			if err := c.apply(ctx, object); err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("a wrong %s: %v", fault, err)
			}
			tried++
		}
		if tried != 3 {
			t.Errorf("%d deployments were tried", tried)
		}
	}
}
