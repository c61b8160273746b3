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

// lookupTimeout bounds resolving all services of a request together.
const lookupTimeout = 3 * time.Second

// targetGroup is a group of targets in the format of Prometheus
// (https://prometheus.io/docs/prometheus/latest/http_sd/).
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// Targets returns a route that lists every replica of the services in Discover, as
// their names resolve at the time of the request. The label job is the service's
// name. The label instance is the replica's host name if its address has one, so that
// it survives a restart. A service without an address is listed by its name, so that
// it appears as down, unless its entry ends in a question mark.
func (c Config) Targets() Route {
	return Route{Pattern: "GET /targets", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), lookupTimeout)
		defer cancel()
		all := []targetGroup{}
		for _, service := range c.Discover {
			service, optional := strings.CutSuffix(service, optionalSuffix)
			name, port, _ := net.SplitHostPort(service) // checked by Validate
			if optional && !hasAddress(ctx, name) {
				continue
			}
			all = append(all, replicas(ctx, name, port)...)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(all)
	})}
}

// optionalSuffix marks a service that need not be deployed.
const optionalSuffix = "?"

func hasAddress(ctx context.Context, name string) bool {
	_, err := net.DefaultResolver.LookupHost(ctx, name)
	return err == nil
}

func replicas(ctx context.Context, name, port string) []targetGroup {
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	if err != nil {
		return []targetGroup{{[]string{net.JoinHostPort(name, port)}, map[string]string{"job": name}}}
	}
	slices.Sort(addresses)
	var all []targetGroup
	for _, address := range addresses {
		group := targetGroup{[]string{net.JoinHostPort(address, port)}, map[string]string{"job": name}}
		if names, err := net.DefaultResolver.LookupAddr(ctx, address); err == nil && len(names) > 0 {
			host, _, _ := strings.Cut(names[0], ".")
			group.Labels["instance"] = cmp.Or(host, group.Targets[0])
		}
		all = append(all, group)
	}
	return all
}
