package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLicencesIn(t *testing.T) {
	isc, agplNotice := read(t, "isc.txt"), read(t, "agpl-notice.txt")
	for name, test := range map[string]struct {
		file, text string
		want       string // the licence, or part of the error
		fails      bool
	}{
		"permitted":     {file: "LICENSE", text: isc, want: "ISC"},
		"not permitted": {file: "COPYING", text: agplNotice, want: "AGPL", fails: true},
		"unknown": {
			file: "LICENSE.md", text: strings.Repeat("All rights are reserved here. ", 20), want: "read it", fails: true,
		},
		"missing": {file: "README", text: isc, want: "no licence file", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, test.file), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			licences, err := licencesIn("example.com/m", folder)
			got := strings.Join(licences, " ")
			if err != nil {
				got = err.Error()
			}
			if (err != nil) != test.fails || !strings.Contains(got, test.want) {
				t.Errorf("got %q (failed: %v), want %q (failed: %v)", got, err != nil, test.want, test.fails)
			}
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
