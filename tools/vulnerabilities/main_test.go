package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestOnlyCalledFunctionsOfModulesFail(t *testing.T) {
	const config = `{"config": {"db": "file:///db"}}`
	finding := func(module, function string) string {
		return `{"finding": {"osv": "GO-2026-0001", "fixed_version": "v1.2.3", "trace": [` +
			`{"module": "` + module + `", "version": "v1.2.2", "package": "p", "function": "` + function + `"}]}}`
	}
	for name, test := range map[string]struct {
		in, printed, fails string
	}{
		"nothing found": {in: config},
		"module, called": {
			in: config + finding("example.com/m", "F"), printed: "GO-2026-0001 in example.com/m", fails: "upgrade",
		},
		"module, not called":    {in: config + finding("example.com/m", "")},
		"standard library":      {in: config + finding(stdlib, "F"), printed: "fixed in v1.2.3"},
		"output that is empty":  {fails: "did it fail?"},
		"output that is broken": {in: config + `{"finding"`, fails: "reading the output"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(strings.NewReader(test.in), &out)
			if (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("error is %v, want %q", err, test.fails)
			}
			if !strings.Contains(out.String(), test.printed) || test.printed == "" && out.Len() > 0 {
				t.Errorf("printed %q, want %q", &out, test.printed)
			}
		})
	}
}
