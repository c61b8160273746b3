package main

import (
	"strings"
	"testing"
)

// TestCompact rewrites a store, and refuses what is not an SQLite file.
func TestCompact(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		code int
		want string
		args []string
	}{
		{0, "became", []string{"--data", dir}},
		{0, `"bytes_after":`, []string{"--data", dir, "--json"}},
		{1, "no such file", []string{"--data", t.TempDir()}},
		{2, "VACUUM FULL", []string{"--store-url", "postgres://nobody@127.0.0.1/nothing"}},
	} {
		code, out, errs := dateline(t, append([]string{"compact"}, one.args...)...)
		if code != one.code || !strings.Contains(out+errs, one.want) {
			t.Errorf("compact %v: code %d, want %d and %q:\n%s%s", one.args, code, one.code, one.want, out, errs)
		}
	}
}
