package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The sources of the package that records which blocks a test executes. The package only exists in the overlay.
//
//go:embed probe/probe.go.txt
var probeSource []byte

const probeName = "mutantsprobe"

// module lists the packages of a module and the files that they consist of.
type module struct {
	dir, path string
	packages  map[string]*listed // by folder relative to the module
}

// listed is what "go list" prints about a package.
type listed struct {
	ImportPath, Dir, Name, ForTest                 string
	Module                                         *struct{ Path, Dir string }
	GoFiles, TestGoFiles, XTestGoFiles             []string
	EmbedFiles, Imports, TestImports, XTestImports []string
}

// list lists the packages of the module in a folder.
func list(ctx context.Context, dir string) (*module, error) {
	command := exec.CommandContext(ctx, "go", "list", "-json", "./...")
	command.Dir = dir
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages: %w", err)
	}
	m := &module{dir: dir, packages: map[string]*listed{}}
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		p := &listed{}
		if err := decoder.Decode(p); err != nil {
			return nil, err
		}
		m.path = p.Module.Path
		m.packages[m.relative(p.ImportPath)] = p
	}
	return m, nil
}

// relative returns the folder of a package of the module.
func (m *module) relative(importPath string) string {
	if importPath == m.path {
		return "."
	}
	return strings.TrimPrefix(importPath, m.path+"/")
}

// fingerprint returns a hash of everything in the module that the tests of a package consist of.
func (m *module) fingerprint(name string) (string, error) {
	hash := sha256.New()
	hash.Write(probeSource)
	p := m.packages[name]
	add := func(p *listed, files ...[]string) error {
		for _, file := range slices.Concat(files...) {
			data, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				return err
			}
			fmt.Fprintf(hash, "%s/%s %x\n", p.ImportPath, file, sha256.Sum256(data))
		}
		return nil
	}
	if err := add(p, p.TestGoFiles, p.XTestGoFiles); err != nil {
		return "", err
	}
	seen, queue := map[string]bool{}, slices.Concat([]string{p.ImportPath}, p.TestImports, p.XTestImports)
	for ; len(queue) > 0; queue = queue[1:] {
		dep := m.packages[m.relative(queue[0])]
		if dep == nil || seen[dep.ImportPath] {
			continue
		}
		seen[dep.ImportPath] = true
		if err := add(dep, dep.GoFiles, dep.EmbedFiles); err != nil {
			return "", err
		}
		queue = append(queue, dep.Imports...)
	}
	return fmt.Sprintf("%x", hash.Sum(nil)[:8]), nil
}

// instrument writes an overlay in which every package of the module counts its executed blocks, and every test
// records them. It returns the path of the overlay. Tests do not run in parallel in it.
func (m *module) instrument(ctx context.Context, folder string) (string, error) {
	tool, err := exec.CommandContext(ctx, "go", "tool", "-n", "cover").Output()
	if err != nil {
		return "", fmt.Errorf("finding the tool cover: %w", err)
	}
	o := overlay{folder: folder, replace: map[string]string{}}
	o.write(filepath.Join(m.dir, probeName, "probe.go"), probeSource)
	for name, p := range m.packages {
		var register strings.Builder
		for i, file := range p.GoFiles {
			source := filepath.Join(p.Dir, file)
			variable := fmt.Sprintf("mutantsCover%d", i)
			cover := exec.CommandContext(ctx, strings.TrimSpace(string(tool)), "-mode=set", "-var="+variable, source)
			counted, err := cover.Output()
			if err != nil {
				return "", fmt.Errorf("instrumenting %s: %w", source, err)
			}
			o.write(source, counted)
			fmt.Fprintf(&register, "\t%s.File(%q, %s.Count[:], %s.Pos[:])\n", probeName, filepath.Join(name, file),
				variable, variable)
		}
		if register.Len() > 0 {
			o.write(filepath.Join(p.Dir, "mutants_register.go"), fmt.Appendf(nil,
				"package %s\n\nimport %q\n\nfunc init() {\n%s}\n",
				p.Name, m.path+"/"+probeName, register.String()))
		}
		for suffix, files := range map[string][]string{"": p.TestGoFiles, "_test": p.XTestGoFiles} {
			if len(files) == 0 {
				continue
			}
			o.write(filepath.Join(p.Dir, "mutants_hook"+suffix+"_test.go"), fmt.Appendf(nil,
				"package %s%s\n\nimport %q\n\nvar mutantsHook = %s.Test\n", p.Name, suffix, m.path+"/"+probeName, probeName))
			for _, file := range files {
				if err := o.hook(filepath.Join(p.Dir, file)); err != nil {
					return "", err
				}
			}
		}
	}
	return o.finish()
}

// overlay is a set of files that the compiler reads instead of those in the tree.
type overlay struct {
	folder  string
	replace map[string]string
	err     error
}

func (o *overlay) write(name string, data []byte) {
	file := o.replace[name]
	if file == "" {
		file = filepath.Join(o.folder, fmt.Sprintf("%d_%s", len(o.replace), filepath.Base(name)))
	}
	if err := os.WriteFile(file, data, 0o600); err != nil && o.err == nil {
		o.err = err
	}
	o.replace[name] = file
}

// finish writes the list of the files, and returns its path.
func (o *overlay) finish() (string, error) {
	if o.err != nil {
		return "", o.err
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": o.replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(o.folder, "overlay.json")
	return file, os.WriteFile(file, data, 0o600)
}

// hook makes the tests of a file record what they execute, and not run in parallel.
func (o *overlay) hook(name string) error {
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var edits []edit
	hooked := func(function *ast.FuncType, body *ast.BlockStmt) {
		if parameter := testParameter(function); parameter != "" && body != nil {
			at := set.Position(body.Lbrace).Offset + 1
			edits = append(edits, edit{at, at, "mutantsHook(" + parameter + ");"})
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && (strings.HasPrefix(n.Name.Name, "Test") || strings.HasPrefix(n.Name.Name, "Fuzz")) {
				hooked(n.Type, n.Body)
			}
		case *ast.ExprStmt:
			if call, ok := n.X.(*ast.CallExpr); ok && len(call.Args) == 0 && method(call) == "Parallel" {
				from, to := set.Position(n.Pos()).Offset, set.Position(n.End()).Offset
				edits = append(edits, edit{from, to, "_ = 0"})
			}
		case *ast.CallExpr:
			if method(n) == "Run" && len(n.Args) == 2 {
				if function, ok := n.Args[1].(*ast.FuncLit); ok {
					hooked(function.Type, function.Body)
				}
			}
		}
		return true
	})
	o.write(name, replaced(source, edits))
	return nil
}

// method returns the name of a method or function of a package that a call names.
func method(call *ast.CallExpr) string {
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
		return selector.Sel.Name
	}
	return ""
}

// testParameter returns the name of the only parameter of a function if it is a *testing.T or *testing.F.
func testParameter(function *ast.FuncType) string {
	if len(function.Params.List) != 1 || len(function.Params.List[0].Names) != 1 {
		return ""
	}
	parameter := function.Params.List[0]
	star, ok := parameter.Type.(*ast.StarExpr)
	if !ok {
		return ""
	}
	selector, ok := star.X.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "T" && selector.Sel.Name != "F" || parameter.Names[0].Name == "_" {
		return ""
	}
	return parameter.Names[0].Name
}
