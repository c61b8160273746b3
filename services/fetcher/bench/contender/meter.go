package contender

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// MinPage is the minimum size in bytes of a complete page.
const MinPage = 10_000

// Figures are the results of a contender. It writes them to standard output as JSON.
type Figures struct {
	Pages int           `json:"pages"`
	Wall  time.Duration `json:"wall"`
	CPU   time.Duration `json:"cpu"`
	// Servers is the CPU time of the NATS server.
	Servers time.Duration `json:"servers"`
	// Before and Peak are the resident bytes before the first request and at the
	// maximum.
	Before int64 `json:"before"`
	Peak   int64 `json:"peak"`
}

// Meter measures the current process.
type Meter struct {
	start  time.Time
	cpu    time.Duration
	before int64
}

// StartMeter starts a measurement.
func StartMeter() Meter { return Meter{time.Now(), cpuTime(), Resident("VmRSS")} }

// Stop returns the figures since the start.
func (m Meter) Stop(pages int) Figures {
	return Figures{
		Pages: pages, Wall: time.Since(m.start), CPU: cpuTime() - m.cpu, Before: m.before, Peak: Resident("VmHWM"),
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Resident returns a value of /proc/self/status in bytes, or 0 if it is unavailable.
func Resident(name string) int64 { return Status(os.Getpid(), name) }

// Status returns a value of the status of a process in bytes, or 0 if it is unavailable.
func Status(process int, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, name+": %d kB", &kilobytes); err == nil {
			return kilobytes << 10
		}
	}
	return 0
}
