package telemetry

import (
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// lookupTimeout bounds the looking up of all services of one request together.
const lookupTimeout = 3 * time.Second

// target is a group of targets as Prometheus reads it
// (https://prometheus.io/docs/prometheus/latest/http_sd/).
type target struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// Targets lists every replica of the services that are to be discovered, by what
// their names resolve to now. The label job is the service's name, and instance
// the replica's where the address has one, so that it outlives a restart.
// A service without an address is listed by its name, so that it shows as down.
func (c Config) Targets() Route {
	return Route{Pattern: "GET /targets", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), lookupTimeout)
		defer cancel()
		all := []target{}
		for _, service := range c.Discover {
			name, port, _ := net.SplitHostPort(service) // Validate has seen it
			all = append(all, replicas(ctx, name, port)...)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(all)
	})}
}

func replicas(ctx context.Context, name, port string) []target {
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	if err != nil {
		return []target{{[]string{net.JoinHostPort(name, port)}, map[string]string{"job": name}}}
	}
	slices.Sort(addresses)
	var all []target
	for _, address := range addresses {
		one := target{[]string{net.JoinHostPort(address, port)}, map[string]string{"job": name}}
		if names, err := net.DefaultResolver.LookupAddr(ctx, address); err == nil && len(names) > 0 {
			host, _, _ := strings.Cut(names[0], ".")
			one.Labels["instance"] = cmp.Or(host, one.Targets[0])
		}
		all = append(all, one)
	}
	return all
}
