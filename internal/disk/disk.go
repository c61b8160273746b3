// Package disk reports the free space on the disk of a folder.
package disk

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

// Space is the space of a file system in bytes.
type Space struct {
	// Free is the space that is available to this process.
	Free, Total int64
}

// Register registers metrics of the disk of a folder. Their value is NaN if the disk
// cannot be queried.
func Register(reg prometheus.Registerer, dir string) {
	gauge := func(name, help string, read func(Space) int64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			space, err := Of(dir)
			if err != nil {
				return math.NaN()
			}
			return float64(read(space))
		}))
	}
	gauge("dateline_disk_free_bytes",
		"Free space on the disk of the process's data folder or of store.disk, in bytes.",
		func(s Space) int64 { return s.Free })
	gauge("dateline_disk_total_bytes",
		"Size of the disk of the process's data folder or of store.disk, in bytes.",
		func(s Space) int64 { return s.Total })
}
