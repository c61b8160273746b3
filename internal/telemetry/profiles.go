package telemetry

import (
	"net/http"
	"net/http/pprof"
)

// Routes returns the endpoints of the admin address other than metrics and health,
// according to the configuration.
func (c Config) Routes() []Route {
	routes := []Route{c.Targets()}
	if !c.Pprof {
		return routes
	}
	for path, handler := range map[string]http.HandlerFunc{
		"":        pprof.Index,
		"cmdline": pprof.Cmdline,
		"profile": pprof.Profile,
		"symbol":  pprof.Symbol,
		"trace":   pprof.Trace,
	} {
		routes = append(routes, Route{Pattern: "GET /debug/pprof/" + path, Handler: handler})
	}
	return routes
}
