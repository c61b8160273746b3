package check

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Schema reads a dashboard's JSON by the types that Grafana generates from its
// schemas, with those of the panels and of Prometheus's queries. A field that is
// unknown, missing or of another type is an error that names its place.
func Schema(name string, raw []byte) error {
	types := cog.NewRuntime()
	types.RegisterPanelcfgVariant(bargauge.VariantConfig())
	types.RegisterPanelcfgVariant(stat.VariantConfig())
	types.RegisterPanelcfgVariant(timeseries.VariantConfig())
	types.RegisterDataqueryVariant(prometheus.VariantConfig())
	var d dashboard.Dashboard
	// The types return an error of no faults where they found none in a panel.
	if err := d.UnmarshalJSONStrict(raw); err != nil && err.Error() != "" {
		return fmt.Errorf("%s is not of Grafana's schema: %w", name, err)
	}
	if err := d.Validate(); err != nil {
		return fmt.Errorf("%s has values that Grafana's schema does not allow: %w", name, err)
	}
	return nil
}
