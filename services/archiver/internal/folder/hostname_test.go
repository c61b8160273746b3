package folder

import (
	"os"
	"strings"
	"testing"
)

// File names contain the name of the machine. Characters that are unsafe in file names are replaced.
func TestHostName(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	got := hostName()
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return strings.ContainsRune("-_ /", r) }) {
		if !strings.Contains(got, part) {
			t.Errorf("the name of %q in files is %q, which lacks %q", name, got, part)
		}
	}
	if got == "" || got != strings.Trim(unsafeName.ReplaceAllString(got, "_"), "_") {
		t.Errorf("the name of %q in files is %q", name, got)
	}
}
