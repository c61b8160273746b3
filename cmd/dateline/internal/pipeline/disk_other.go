//go:build !unix

package pipeline

import "math"

// freeBytes does not know, and lets everything go on.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }
