package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

// The kinds of faults. Each is a slip that a developer could make.
const (
	kindCondition = "condition" // a condition is negated, or && is ||
	kindBound     = "bound"     // < is <=, or > is >=
	kindError     = "error"     // an error is not returned
	kindArguments = "arguments" // two arguments of the same type are swapped
	kindCall      = "call"      // a call is missing
)

// mutant is a fault in one place: the bytes of a file from Start to End are replaced.
type mutant struct {
	File        string `json:"-"` // absolute path
	Place       string `json:"place"`
	Kind        string `json:"kind"`
	Change      string `json:"change"`
	Result      string `json:"result,omitempty"`
	Replacement string `json:"-"`
	Start, End  int    `json:"-"`
}

// load returns the mutants of the packages that the patterns name, relative to dir. Test
// files and generated files have none.
func load(dir string, patterns []string) ([]mutant, error) {
	loaded, err := packages.Load(&packages.Config{
		Dir: dir, Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes |
			packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps | packages.NeedExportFile,
	}, patterns...)
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("%s does not compile: %w", p.PkgPath, p.Errors[0])
		}
		for _, file := range p.Syntax {
			name := p.Fset.Position(file.Package).Filename
			if ast.IsGenerated(file) {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			f := finder{set: p.Fset, info: p.TypesInfo, name: name, dir: dir, source: source}
			ast.Inspect(file, f.visit)
			all = append(all, f.found...)
		}
	}
	return all, nil
}

// finder finds the mutants of one file.
type finder struct {
	set    *token.FileSet
	info   *types.Info
	name   string
	dir    string
	source []byte
	found  []mutant
}

func (f *finder) offset(pos token.Pos) int { return f.set.Position(pos).Offset }
func (f *finder) text(n ast.Node) string {
	return string(f.source[f.offset(n.Pos()):f.offset(n.End())])
}

// add adds a mutant that replaces the source between two positions.
func (f *finder) add(kind string, from, to token.Pos, replacement string) {
	start, end := f.offset(from), f.offset(to)
	place := f.set.Position(from)
	f.found = append(f.found, mutant{
		File: f.name, Place: fmt.Sprintf("%s:%d", strings.TrimPrefix(f.name, f.dir+"/"), place.Line), Kind: kind,
		Change: brief(string(f.source[start:end])) + " → " + brief(replacement), Start: start, End: end,
		Replacement: replacement,
	})
}

// maxBrief is the maximum number of characters of a change that are shown.
const maxBrief = 60

// brief returns the beginning of a text on one line.
func brief(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	switch {
	case len(runes) == 0:
		return "nothing"
	case len(runes) > maxBrief:
		return string(runes[:maxBrief-1]) + "…"
	}
	return string(runes)
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		if !f.checksNil(n.Cond) {
			f.add(kindCondition, n.Cond.Pos(), n.Cond.End(), "!("+f.text(n.Cond)+")")
		}
	case *ast.BinaryExpr:
		f.operator(n)
	case *ast.ReturnStmt:
		f.returned(n)
	case *ast.CallExpr:
		f.arguments(n)
	case *ast.ExprStmt:
		if call, ok := n.X.(*ast.CallExpr); ok && !f.logs(call) {
			f.add(kindCall, n.Pos(), n.End(), "")
		}
	case *ast.DeferStmt:
		f.add(kindCall, n.Pos(), n.End(), "")
	}
	return true
}

// checksNil reports whether a condition only compares with nil. Whoever negates such a
// condition notices it at once.
func (f *finder) checksNil(condition ast.Expr) bool {
	binary, ok := condition.(*ast.BinaryExpr)
	return ok && (f.info.Types[binary.X].IsNil() || f.info.Types[binary.Y].IsNil())
}

var operators = map[token.Token]struct {
	kind  string
	other token.Token
}{
	token.LAND: {kindCondition, token.LOR}, token.LOR: {kindCondition, token.LAND},
	token.EQL: {kindCondition, token.NEQ}, token.NEQ: {kindCondition, token.EQL},
	token.LSS: {kindBound, token.LEQ}, token.LEQ: {kindBound, token.LSS},
	token.GTR: {kindBound, token.GEQ}, token.GEQ: {kindBound, token.GTR},
}

func (f *finder) operator(n *ast.BinaryExpr) {
	change, ok := operators[n.Op]
	if ok && !f.checksNil(n) {
		f.add(change.kind, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), change.other.String())
	}
}

var errorType = types.Universe.Lookup("error").Type()

// returned drops an error that is returned last.
func (f *finder) returned(n *ast.ReturnStmt) {
	if len(n.Results) == 0 {
		return
	}
	last := n.Results[len(n.Results)-1]
	value := f.info.Types[last]
	if value.Type != nil && !value.IsNil() && types.Identical(value.Type, errorType) {
		f.add(kindError, last.Pos(), last.End(), "nil")
	}
}

// arguments swaps neighbouring arguments of the same type, unless their order does not
// matter.
func (f *finder) arguments(n *ast.CallExpr) {
	if name, ok := n.Fun.(*ast.Ident); f.logs(n) || ok && (name.Name == "min" || name.Name == "max") {
		return
	}
	for i := 1; i < len(n.Args); i++ {
		a, b := n.Args[i-1], n.Args[i]
		if types.Identical(f.info.Types[a].Type, f.info.Types[b].Type) && f.text(a) != f.text(b) {
			f.add(kindArguments, a.Pos(), b.End(), f.text(b)+", "+f.text(a))
		}
	}
}

// logs reports whether a call writes to the log or formats a text for people.
func (f *finder) logs(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	object := f.info.Uses[selector.Sel]
	if object == nil || object.Pkg() == nil {
		return false
	}
	path := object.Pkg().Path()
	return path == "log/slog" || path == "fmt"
}
