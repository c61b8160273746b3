package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNamedSettingsExist reads the texts of the program, such as its errors, and expects that each setting that they
// name exists.
func TestNamedSettingsExist(t *testing.T) {
	t.Parallel()
	_, reference, _ := dateline(t, "reference")
	settings := make(map[string]bool)
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z]+\\.[a-z.-]+)`").FindAllStringSubmatch(reference, -1) {
		settings[match[1]] = true
	}
	named := 0
	name := regexp.MustCompile(`\b(?:fetcher|discoverer|extractor|archiver|indexer|notifier)\.[a-z]+(?:[-.][a-z]+)*\b`)
	for _, folder := range []string{".", "../../internal", "../../services"} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				text, ok := node.(*ast.BasicLit)
				if !ok || text.Kind != token.STRING {
					return true
				}
				for _, setting := range name.FindAllString(text.Value, -1) {
					if named++; !settings[setting] {
						t.Errorf("%s names the setting %s, which does not exist", files.Position(text.Pos()), setting)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(settings) < 50 || named < 20 {
		t.Errorf("found %d settings, and %d names of them: the test reads too little", len(settings), named)
	}
}
