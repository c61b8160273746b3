package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"

	"golang.org/x/tools/go/packages"
)

// faultVariable is the environment variable with the number of the fault that a program has.
const faultVariable = "MUTANTS_FAULT"

// switchName is the name of the file, in each package with faults, that reads the variable.
const switchName = "mutants_switch.go"

// switches are the functions that turn a fault on.
const switches = `
func mutantsOn(fault string) bool { return mutantsFault == fault }

func mutantsError(fault string, err error) error {
	if mutantsOn(fault) {
		return nil
	}
	return err
}

func mutantsPick[T any](fault string, right, wrong T) T {
	if mutantsOn(fault) {
		return wrong
	}
	return right
}

func mutantsCall[T any](fault string, right, wrong func() T) T {
	if mutantsOn(fault) {
		return wrong()
	}
	return right()
}
`

// switchSource returns the source of the switches of a package.
func switchSource(pkg string) []byte {
	return fmt.Appendf(nil, "package %s\n\nimport \"os\"\n\nvar mutantsFault = os.Getenv(%q)\n%s",
		pkg, faultVariable, switches)
}

// switched returns the source that has the fault only if the environment names its number.
func (m *mutant) switched() string { return m.form(fmt.Sprintf("%q", fmt.Sprint(m.number))) }

// replaced returns source with some ranges replaced. The ranges do not overlap.
func replaced(source []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return b.from - a.from })
	for _, e := range edits {
		source = slices.Concat(source[:e.from], []byte(e.text), source[e.to:])
	}
	return source
}

// edit replaces a range of a source.
type edit struct {
	from, to int
	text     string
}

// checker checks whether mutants compile.
type checker struct {
	pkg *packages.Package
}

// compiles reports whether a mutant compiles, both by itself and in the form that the environment turns on.
func (m *mutant) compiles() (bool, error) {
	c := checker{m.pkg}
	source, err := os.ReadFile(m.path)
	if err != nil {
		return false, err
	}
	alone := replaced(source, []edit{{m.start, m.end, m.replacement}})
	switched := replaced(source, []edit{{m.from, m.to, m.switched()}})
	return c.check(m.path, alone) && c.check(m.path, switched), nil
}

// check reports whether the package compiles with another source of a file.
func (c *checker) check(name string, source []byte) bool {
	var files []*ast.File
	parse := func(name string, source []byte) bool {
		file, err := parser.ParseFile(c.pkg.Fset, name, source, parser.SkipObjectResolution)
		files = append(files, file)
		return err == nil
	}
	if !parse(name, source) || !parse(switchName, []byte("package "+c.pkg.Name+"\n\nvar mutantsFault string\n"+switches)) {
		return false
	}
	for _, file := range c.pkg.Syntax {
		if c.pkg.Fset.Position(file.Package).Filename != name {
			files = append(files, file)
		}
	}
	config := &types.Config{Importer: c, Sizes: c.pkg.TypesSizes, GoVersion: "go" + c.pkg.Module.GoVersion}
	_, err := config.Check(c.pkg.PkgPath, c.pkg.Fset, files, nil)
	return err == nil
}

// Import returns a package that the package imports.
func (c *checker) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if p := c.pkg.Imports[path]; p != nil && p.Types != nil {
		return p.Types, nil
	}
	return nil, fmt.Errorf("%s is not imported", path)
}

// swapped returns two arguments, of which each is the other's value if the fault is on. Each is evaluated once.
func (f *finder) swapped(a, b ast.Expr) func(number string) string {
	textA, textB := f.text(a), f.text(b)
	if plain(a) && plain(b) {
		return func(number string) string {
			return fmt.Sprintf("mutantsPick(%s, %s, %s), mutantsPick(%s, %s, %s)", number, textA, textB, number, textB, textA)
		}
	}
	kind := types.TypeString(types.Default(f.info.Types[a].Type), func(p *types.Package) string {
		if p.Path() == f.pkg {
			return ""
		}
		return p.Name()
	})
	return func(number string) string {
		one, other := "func() "+kind+" { return "+textA+" }", "func() "+kind+" { return "+textB+" }"
		return fmt.Sprintf("mutantsCall(%s, %s, %s), mutantsCall(%s, %s, %s)", number, one, other, number, other, one)
	}
}

// plain reports whether evaluating an expression twice makes no difference.
func plain(e ast.Expr) bool {
	is := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr, *ast.FuncLit, *ast.CompositeLit:
			is = false
		case *ast.UnaryExpr:
			is = is && n.Op != token.ARROW
		}
		return is
	})
	return is
}
