package natstest

import (
	"os"
	"strconv"
	"testing"
)

// Kills returns how often a test kills a process: the number in DATELINE_KILLS, or usual if that is not set.
func Kills(tb testing.TB, usual int) int {
	tb.Helper()
	text := os.Getenv("DATELINE_KILLS")
	if text == "" {
		return usual
	}
	kills, err := strconv.Atoi(text)
	if err != nil || kills < 1 {
		tb.Fatalf("DATELINE_KILLS is %q: use a number from 1", text)
	}
	return kills
}
