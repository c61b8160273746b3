package library

import (
	"testing"

	"github.com/dateline-news/dateline/internal/outcome"
)

func TestTopReasons(t *testing.T) {
	const cause outcome.Cause = "x"
	for _, c := range []struct {
		reasons map[string]int64
		want    string
	}{
		{nil, ""},
		{map[string]int64{"dns": 1}, "dns 1"},
		{map[string]int64{"dns": 1, "tls": 3, "timeout": 2}, "tls 3, timeout 2, dns 1"},
		{map[string]int64{"dns": 1, "tls": 1, "timeout": 1, "refused": 1}, "dns 1, refused 1, timeout 1"},
	} {
		tallied := tally{reasons: map[outcome.Cause]map[string]int64{cause: c.reasons}}
		if got := tallied.topReasons(cause); got != c.want {
			t.Errorf("%v: %q, want %q", c.reasons, got, c.want)
		}
	}
}
