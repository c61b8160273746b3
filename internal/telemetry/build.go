package telemetry

import (
	"cmp"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns a registry with build, runtime and process metrics. A process
// has one registry.
func NewRegistry(component string) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	version, revision := Build()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dateline_build_info", Help: "Always 1. The labels identify the running build.",
		ConstLabels: prometheus.Labels{"component": component, "version": version, "revision": revision},
	})
	info.Set(1)
	process := collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})
	reg.MustRegister(info, collectors.NewGoCollector(), process)
	return reg
}

// linkedVersion is the version of a release, set by the linker. It replaces the version that
// the Go tool records, which names the last tag of the repository:
// -ldflags "-X github.com/dateline-news/dateline/internal/telemetry.linkedVersion=v1.2.3".
var linkedVersion string

// CommitTime returns the time of the commit that the program was built from, in RFC 3339,
// or "" if the Go tool did not record it.
func CommitTime() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.time" {
			return setting.Value
		}
	}
	return ""
}

// Build returns the version and the revision that the program was built from, as
// recorded by the Go tool or the linker.
func Build() (version, revision string) {
	version, revision = cmp.Or(linkedVersion, "devel"), "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, revision
	}
	if v := info.Main.Version; linkedVersion == "" && v != "" && v != "(devel)" {
		version = v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			revision = setting.Value
		}
	}
	return version, revision
}
