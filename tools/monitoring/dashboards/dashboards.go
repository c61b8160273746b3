// Package dashboards defines Dateline's Grafana dashboards, one per file. "make
// dashboards" writes them as JSON.
package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// All returns the dashboards in the order in which to read them.
func All() []grafana.Dashboard {
	return []grafana.Dashboard{overview(), fetcher(), extractor(), indexer(), streams(), sources(), discoverer(), archiver(), notifier()}
}

// Prefix starts the uid of every dashboard.
const Prefix = "dateline-"

// Name returns the name of a dashboard's files: its uid without the prefix.
func Name(d grafana.Dashboard) string { return strings.TrimPrefix(d.UID, Prefix) }

// JSON returns a dashboard in the form that is committed.
func JSON(d grafana.Dashboard) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		return nil, fmt.Errorf("writing dashboard %s: %w", d.UID, err)
	}
	return out.Bytes(), nil
}
