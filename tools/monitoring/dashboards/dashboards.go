// Package dashboards is what Dateline's Grafana dashboards show. Each file
// has one dashboard; "make dashboards" writes them all as JSON.
package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dateline-news/dateline/tools/monitoring/grafana"
)

// All are the dashboards, the one to look at first in front.
func All() []grafana.Dashboard {
	return []grafana.Dashboard{overview(), fetcher(), extractor(), indexer(), streams(), sources()}
}

// Prefix begins the uid of every dashboard.
const Prefix = "dateline-"

// Name is what a dashboard's files are called: its uid without the prefix.
func Name(d grafana.Dashboard) string { return strings.TrimPrefix(d.UID, Prefix) }

// JSON is a dashboard as it is committed.
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
