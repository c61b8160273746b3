package picture

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// format formats a value in one of Grafana's units, with three digits.
func format(value float64, unit string) string {
	if math.IsNaN(value) {
		return "–"
	}
	switch unit {
	case "s":
		return seconds(value)
	case "percentunit":
		return digits(100*value) + " %"
	case "bytes", "Bps":
		suffix := map[string]string{"bytes": "", "Bps": "/s"}[unit]
		i := 0
		for ; math.Abs(value) >= 1024 && i < 4; i++ {
			value /= 1024
		}
		return digits(value) + " " + []string{"B", "KiB", "MiB", "GiB", "TiB"}[i] + suffix
	case "ops":
		return digits(value) + " ops/s"
	case "reqps":
		return digits(value) + " req/s"
	case "suffix:x":
		return digits(value) + " x"
	}
	if math.Abs(value) >= 10_000 {
		return digits(value/1000) + " K"
	}
	return digits(value)
}

func seconds(value float64) string {
	switch abs := math.Abs(value); {
	case abs == 0:
		return "0 s"
	case abs < 1e-3:
		return digits(value*1e6) + " µs"
	case abs < 1:
		return digits(value*1e3) + " ms"
	case abs < 60:
		return digits(value) + " s"
	case abs < 3600:
		return digits(value/60) + " min"
	case abs < 86400:
		return digits(value/3600) + " h"
	}
	return digits(value/86400) + " d"
}

// digits formats a number with three digits, without zeros at the end of the
// fraction.
func digits(value float64) string {
	if value == 0 {
		return "0"
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(value)))))
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'f', min(decimals, 4), 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// clock formats a time of day for an axis.
func clock(unix float64) string {
	return fmt.Sprint(time.Unix(int64(unix), 0).UTC().Format("15:04"))
}

// base returns the unit in which the ticks of an axis are round, such as KiB for
// thousands of bytes and minutes for hundreds of seconds.
func base(end float64, unit string) float64 {
	scale := 1.0
	switch unit {
	case "bytes", "Bps":
		for end >= 1024*scale {
			scale *= 1024
		}
	case "s":
		for _, seconds := range []float64{60, 3600, 86400} {
			if end >= seconds {
				scale = seconds
			}
		}
	}
	return scale
}
