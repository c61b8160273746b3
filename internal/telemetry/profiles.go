package telemetry

import (
	"net/http"
	"net/http/pprof"
)

// Routes are what the admin address answers besides metrics and health, by this
// configuration.
func (c Config) Routes() []Route {
	routes := []Route{c.Targets()}
	if !c.Pprof {
		return routes
	}
	for path, handle := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		routes = append(routes, Route{Pattern: "GET /debug/pprof/" + path, Handler: handle})
	}
	return routes
}
