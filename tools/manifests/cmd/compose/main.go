// Command compose writes a Compose file that runs the pods of the Helm chart as
// containers, with the images, arguments, settings and limits that the chart gives them:
//
//	compose CHART VALUES NETWORK FORWARDER
//
// VALUES is a file of values that contains the data of the Secret, NETWORK an existing
// Docker network with NATS and PostgreSQL, and FORWARDER an image whose command "forward"
// forwards connections. A container has the names of the headless Services that select its
// pod. Each other Service becomes a container that forwards to one of its pods. A suspended
// CronJob becomes a service of the profile tools.
package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/dateline-news/dateline/tools/manifests"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 4 {
		return errors.New("usage: compose CHART VALUES NETWORK FORWARDER")
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	texts, err := manifests.Template(args[0], values)
	if err != nil {
		return err
	}
	var all objects
	for _, text := range texts {
		object, err := manifests.Decode([]byte(text))
		if err != nil {
			return err
		}
		all.add(object)
	}
	file, err := all.file(args[2], args[3])
	if err != nil {
		return err
	}
	text, err = yaml.Marshal(file)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// objects are the objects of the chart that become containers, or their settings.
type objects struct {
	settings map[string]string
	secrets  map[string]string
	services []*core.Service
	pods     []pod
}

// pod is the pod of an object.
type pod struct {
	name     string
	replicas int32
	suspends bool
	labels   map[string]string
	spec     core.PodSpec
}

func (o *objects) add(object any) {
	switch object := object.(type) {
	case *core.ConfigMap:
		o.settings = object.Data
	case *core.Secret:
		o.secrets = object.StringData
	case *core.Service:
		o.services = append(o.services, object)
	case *apps.Deployment:
		replicas := int32(1)
		if object.Spec.Replicas != nil {
			replicas = *object.Spec.Replicas
		}
		o.pods = append(o.pods, pod{
			object.Name, replicas, false, object.Spec.Template.Labels, object.Spec.Template.Spec,
		})
	case *batch.CronJob:
		template := object.Spec.JobTemplate.Spec.Template
		o.pods = append(o.pods, pod{
			object.Name, 1, object.Spec.Suspend != nil && *object.Spec.Suspend, template.Labels, template.Spec,
		})
	}
}

// file returns the Compose file as JSON values.
func (o *objects) file(network, forwarder string) (map[string]any, error) {
	services := map[string]any{}
	for _, p := range o.pods {
		var after []string
		for _, container := range p.spec.InitContainers {
			service, err := o.container(p, container, []string{})
			if err != nil {
				return nil, err
			}
			services[container.Name] = service
			after = append(after, container.Name)
		}
		service, err := o.container(p, p.spec.Containers[0], o.names(p))
		if err != nil {
			return nil, err
		}
		depends := map[string]any{}
		for _, name := range after {
			depends[name] = map[string]any{"condition": "service_completed_successfully"}
		}
		service["depends_on"] = depends
		service["deploy"] = map[string]any{"replicas": p.replicas}
		if p.suspends {
			service["profiles"] = []string{"tools"}
		} else {
			service["restart"] = "always"
		}
		services[p.name] = service
	}
	for _, s := range o.services {
		if s.Spec.ClusterIP == core.ClusterIPNone {
			continue // a name of its pods
		}
		target, err := o.target(s)
		if err != nil {
			return nil, err
		}
		services["service-"+s.Name] = map[string]any{
			"image": forwarder, "user": "0", "pull_policy": "never",
			"command":  []string{"forward", fmt.Sprintf(":%d", s.Spec.Ports[0].Port), target},
			"networks": map[string]any{"cluster": map[string]any{"aliases": []string{s.Name}}},
		}
	}
	return map[string]any{
		"services": services,
		"networks": map[string]any{"cluster": map[string]any{"name": network, "external": true}},
	}, nil
}

// names returns the headless Services that select the pod: they resolve to its address.
func (o *objects) names(p pod) []string {
	names := []string{}
	for _, s := range o.services {
		if s.Spec.ClusterIP == core.ClusterIPNone && selects(s, p) {
			names = append(names, s.Name)
		}
	}
	return names
}

func selects(s *core.Service, p pod) bool {
	for name, value := range s.Spec.Selector {
		if p.labels[name] != value {
			return false
		}
	}
	return true
}

// target returns the address of the pods behind a Service: the name of a headless Service
// for the same pods, and the port that the Service names.
func (o *objects) target(s *core.Service) (string, error) {
	for _, p := range o.pods {
		if !selects(s, p) {
			continue
		}
		for _, port := range p.spec.Containers[0].Ports {
			if port.Name != s.Spec.Ports[0].TargetPort.String() {
				continue
			}
			if names := o.names(p); len(names) > 0 {
				return fmt.Sprintf("%s:%d", names[0], port.ContainerPort), nil
			}
		}
	}
	return "", fmt.Errorf("service %s: no pod has its port", s.Name)
}

// container returns a container as a service of Compose.
func (o *objects) container(p pod, c core.Container, aliases []string) (map[string]any, error) {
	environment := map[string]string{}
	if len(c.EnvFrom) > 0 {
		maps.Copy(environment, o.settings)
	}
	for _, e := range c.Env {
		environment[e.Name] = e.Value
		if e.ValueFrom == nil {
			continue
		}
		key := e.ValueFrom.SecretKeyRef
		value, found := o.secrets[key.Key]
		if !found && key.Optional != nil && *key.Optional {
			delete(environment, e.Name)
			continue
		}
		if !found {
			return nil, fmt.Errorf("%s: the Secret lacks %s", p.name, key.Key)
		}
		environment[e.Name] = value
	}
	for name, value := range environment {
		environment[name] = strings.ReplaceAll(value, "$", "$$")
	}
	service := map[string]any{
		"image": c.Image, "pull_policy": "never", "environment": environment,
		"user":      fmt.Sprintf("%d:%d", *p.spec.SecurityContext.RunAsUser, *p.spec.SecurityContext.RunAsGroup),
		"read_only": true, "cap_drop": []string{"ALL"}, "security_opt": []string{"no-new-privileges:true"},
		"mem_limit": fmt.Sprint(c.Resources.Limits.Memory().Value()),
		"networks":  map[string]any{"cluster": map[string]any{"aliases": aliases}},
	}
	if len(c.Args) > 0 {
		service["command"] = c.Args
	}
	return service, nil
}
