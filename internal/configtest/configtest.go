// Package configtest tests the limits of settings.
package configtest

import (
	"strings"
	"testing"
)

// Check fails unless err, the result of validating a configuration in which one setting was changed, is as expected:
// nil if problem is empty, and otherwise an error that names only the setting problem. number is that of the case.
func Check(t *testing.T, number int, err error, problem string) {
	t.Helper()
	switch {
	case problem == "" && err != nil:
		t.Errorf("setting %d: %v", number, err)
	case problem != "" && (err == nil || !strings.HasPrefix(err.Error(), problem+" ") ||
		strings.Contains(err.Error(), "\n")):
		t.Errorf("setting %d: the error is %v, want one that only names %s", number, err, problem)
	}
}
