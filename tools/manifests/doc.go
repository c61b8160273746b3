// Package manifests checks the files under deploy/kubernetes: it builds each
// kustomization and decodes every object strictly into its API type.
package manifests
