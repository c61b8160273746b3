//go:build !unix

package disk

import "math"

// Of does not know, and lets everything go on.
func Of(string) (Room, error) { return Room{Free: math.MaxInt64, Total: math.MaxInt64}, nil }
