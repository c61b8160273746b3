package check

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Schema decodes a dashboard's JSON strictly into the types that Grafana generates
// from its schemas, including those of the panels and of Prometheus's queries. An
// unknown, missing or mistyped field is an error that gives the field's path.
func Schema(name string, raw []byte) error {
	types := cog.NewRuntime()
	types.RegisterPanelcfgVariant(bargauge.VariantConfig())
	types.RegisterPanelcfgVariant(stat.VariantConfig())
	types.RegisterPanelcfgVariant(table.VariantConfig())
	types.RegisterPanelcfgVariant(timeseries.VariantConfig())
	types.RegisterDataqueryVariant(prometheus.VariantConfig())
	var d dashboard.Dashboard //nolint:staticcheck // version 2 of the schema needs Grafana 12
	// Some types return an error with an empty text if a panel is right.
	if err := d.UnmarshalJSONStrict(raw); err != nil && err.Error() != "" {
		return fmt.Errorf("%s does not match Grafana's schema: %w", name, err)
	}
	if err := d.Validate(); err != nil {
		return fmt.Errorf("%s has values that Grafana's schema does not allow: %w", name, err)
	}
	return nil
}
