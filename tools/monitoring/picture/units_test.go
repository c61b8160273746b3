package picture

import (
	"math"
	"testing"
)

func TestValuesAreWrittenAsGrafanaWould(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0, "s", "0 s"}, {0.000987, "s", "987 µs"}, {0.24, "s", "240 ms"}, {8.2712, "s", "8.27 s"},
		{300, "s", "5 min"}, {86400, "s", "1 d"},
		{0.9444, "percentunit", "94.4 %"}, {1, "percentunit", "100 %"}, {0.000006, "percentunit", "0.0006 %"},
		{79.6 * 1024 * 1024, "bytes", "79.6 MiB"}, {512, "Bps", "512 B/s"},
		{5.5, "ops", "5.5 ops/s"}, {14.4, "suffix:x", "14.4 x"},
		{1321, "short", "1321"}, {12_300, "short", "12.3 K"}, {math.NaN(), "short", "–"},
	} {
		if got := format(c.value, c.unit); got != c.want {
			t.Errorf("%v in %s: got %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
