package disk_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/disk"
)

func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	space, err := disk.Of(dir)
	if err != nil || space.Free <= 0 || space.Total < space.Free {
		t.Fatalf("%+v, error %v", space, err)
	}
	missing := filepath.Join(dir, "missing")
	if space, err := disk.Of(missing); err == nil {
		t.Errorf("a missing folder has %+v", space)
	}
	for folder, unknown := range map[string]bool{dir: false, missing: true} {
		reg := prometheus.NewRegistry()
		disk.Register(reg, folder)
		values := map[string]float64{}
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			values[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
		}
		free, total := values["dateline_disk_free_bytes"], values["dateline_disk_total_bytes"]
		if unknown && !(math.IsNaN(free) && math.IsNaN(total)) ||
			!unknown && (total != float64(space.Total) || free <= 0 || free > total) {
			t.Errorf("%s: %v", folder, values)
		}
	}
}
