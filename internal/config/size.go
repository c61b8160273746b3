package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// units are the units of sizes, IEC units first and from the largest down, so that
// formatSize finds the largest one that divides a size.
var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

// parseSize parses a size such as 256MiB, 1.5GB or 4096. Case does not matter, and
// there may be spaces before the unit. A size without a unit is in bytes.
func parseSize(text string) (int64, error) {
	number, bytes := strings.TrimSpace(text), int64(1)
	for _, unit := range units {
		if i := len(number) - len(unit.name); i > 0 && strings.EqualFold(number[i:], unit.name) {
			number, bytes = strings.TrimSpace(number[:i]), unit.bytes
			break
		}
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		if n > math.MaxInt64/bytes || n < math.MinInt64/bytes {
			return 0, fmt.Errorf("%q is too large", text)
		}
		return n * bytes, nil
	}
	x, err := strconv.ParseFloat(number, 64)
	if size := x * float64(bytes); err == nil && bytes > 1 && math.Abs(size) < math.MaxInt64 {
		return int64(math.Round(size)), nil
	}
	return 0, fmt.Errorf("%q is not a size", text)
}

// formatSize formats a size exactly, in the largest IEC unit that divides it, such
// as 256MiB. A size that is not a multiple of 1 KiB is formatted as bytes.
func formatSize(n int64) string {
	for _, unit := range units {
		if n != 0 && strings.HasSuffix(unit.name, "iB") && n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10)
}
