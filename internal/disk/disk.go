// Package disk tells how much room there is on the disk of a folder.
package disk

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

// Room is what a file system has, in bytes.
type Room struct {
	// Free is what this process may still fill.
	Free, Total int64
}

// Register adds metrics of the disk of a folder, NaN where it cannot be asked.
func Register(reg prometheus.Registerer, dir string) {
	gauge := func(name, help string, read func(Room) int64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			room, err := Of(dir)
			if err != nil {
				return math.NaN()
			}
			return float64(read(room))
		}))
	}
	gauge("dateline_disk_free_bytes", "Room that is left on the disk of the process's data folder, or of store.disk.", func(r Room) int64 { return r.Free })
	gauge("dateline_disk_total_bytes", "Size of the disk of the process's data folder, or of store.disk.", func(r Room) int64 { return r.Total })
}
