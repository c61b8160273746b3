package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const isc = `Copyright (c) 2026 Somebody

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby
granted, provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.
`

const agplNotice = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU
Affero General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your
option) any later version.
`

func TestLicencesIn(t *testing.T) {
	for name, test := range map[string]struct {
		file, text string
		want       string // the licence, or part of the error
		fails      bool
	}{
		"permitted":     {file: "LICENSE", text: isc, want: "ISC"},
		"not permitted": {file: "COPYING", text: agplNotice, want: "AGPL", fails: true},
		"unknown":       {file: "LICENSE.md", text: strings.Repeat("All rights are reserved here. ", 20), want: "read it", fails: true},
		"missing":       {file: "README", text: isc, want: "no licence file", fails: true},
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
