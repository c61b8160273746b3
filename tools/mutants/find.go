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

// mutant is a fault in one place: the bytes of a file from start to end are replaced.
type mutant struct {
	Area    string  `json:"area"`
	Place   string  `json:"place"`
	Kind    string  `json:"kind"`
	Change  string  `json:"change"`
	Result  string  `json:"result"`
	By      string  `json:"by,omitempty"` // the package and the tests that noticed it
	Seconds float64 `json:"seconds"`

	path, file                 string // absolute, and relative to the root of the module
	number, layer              int    // by which it is turned on, and of the overlay
	replacement                string
	start, end                 int
	from, to                   int                        // the range that form replaces
	form                       func(number string) string // the source that has the fault if it is turned on
	pkg                        *packages.Package
	line, col                  uint32
	functionStart, functionEnd uint32 // lines, or 0 outside of functions
}

// load returns the mutants of the packages that the patterns name, relative to dir. Test
// files and generated files have none.
func load(dir string, patterns []string) ([]mutant, error) {
	loaded, err := packages.Load(&packages.Config{
		Dir: dir, Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes |
			packages.NeedTypesInfo | packages.NeedImports | packages.NeedExportFile |
			packages.NeedModule | packages.NeedTypesSizes,
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
			f := finder{
				set: p.Fset, info: p.TypesInfo, name: name, dir: dir, source: source, pkg: p.PkgPath,
				skipped: map[ast.Node]bool{},
			}
			ast.Inspect(file, f.visit)
			for _, m := range f.found {
				m.pkg = p
				all = append(all, m)
			}
		}
	}
	return all, nil
}

// finder finds the mutants of one file.
type finder struct {
	set    *token.FileSet
	info   *types.Info
	pkg    string // its path
	name   string
	dir    string
	source []byte
	found  []mutant

	function *ast.FuncDecl // the last one
	skipped  map[ast.Node]bool
}

func (f *finder) offset(pos token.Pos) int { return f.set.Position(pos).Offset }
func (f *finder) text(n ast.Node) string {
	return string(f.source[f.offset(n.Pos()):f.offset(n.End())])
}

// add adds a mutant that replaces the source between two positions. The source of n has the fault if it is replaced by
// form, and the fault is turned on.
func (f *finder) add(kind string, from, to token.Pos, replacement string, n ast.Node, form func(number string) string) {
	start, end := f.offset(from), f.offset(to)
	place := f.set.Position(from)
	m := mutant{
		path: f.name, file: strings.TrimPrefix(f.name, f.dir+"/"), Kind: kind,
		Change: brief(string(f.source[start:end])) + " → " + brief(replacement), start: start, end: end,
		replacement: replacement, line: uint32(place.Line), col: uint32(place.Column),
		from: f.offset(n.Pos()), to: f.offset(n.End()), form: form,
	}
	m.Place = fmt.Sprintf("%s:%d", m.file, place.Line)
	if f.function != nil && from < f.function.End() {
		m.functionStart = uint32(f.set.Position(f.function.Pos()).Line)
		m.functionEnd = uint32(f.set.Position(f.function.End()).Line)
	}
	f.found = append(f.found, m)
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
	case *ast.FuncDecl:
		f.function = n
	case *ast.IfStmt:
		if !f.checksNil(n.Cond) {
			condition := f.text(n.Cond)
			f.add(kindCondition, n.Cond.Pos(), n.Cond.End(), "!("+condition+")", n.Cond, func(number string) string {
				return "mutantsOn(" + number + ") != (" + condition + ")"
			})
		}
		f.skipClamp(n)
	case *ast.BinaryExpr:
		f.operator(n)
	case *ast.ReturnStmt:
		f.returned(n)
	case *ast.CallExpr:
		if f.words(n) {
			return false
		}
		f.arguments(n)
	case *ast.ExprStmt:
		if call, ok := n.X.(*ast.CallExpr); ok && !f.words(call) && !f.prints(call) {
			f.missing(n)
		}
	case *ast.DeferStmt:
		f.missing(n)
	}
	return true
}

// missing adds a mutant without a statement.
func (f *finder) missing(n ast.Stmt) {
	text := f.text(n)
	f.add(kindCall, n.Pos(), n.End(), "", n, func(number string) string {
		return "if !mutantsOn(" + number + ") { " + text + " }"
	})
}

// skipClamp skips the bound of a condition such as that of "if a < b { a = b }": it makes no difference.
func (f *finder) skipClamp(n *ast.IfStmt) {
	condition, ok := n.Cond.(*ast.BinaryExpr)
	if !ok || len(n.Body.List) != 1 || n.Else != nil {
		return
	}
	assignment, ok := n.Body.List[0].(*ast.AssignStmt)
	if !ok || len(assignment.Lhs) != 1 || len(assignment.Rhs) != 1 {
		return
	}
	x, y, left, right := f.text(condition.X), f.text(condition.Y), f.text(assignment.Lhs[0]), f.text(assignment.Rhs[0])
	if x == left && y == right || x == right && y == left {
		f.skipped[condition] = true
	}
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
	if !ok || f.checksNil(n) || change.kind == kindBound && (f.skipped[n] || f.measured(n.X) || f.measured(n.Y)) {
		return
	}
	x, y, operator := f.text(n.X), f.text(n.Y), change.other.String()
	whole := f.text(n)
	f.add(change.kind, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), operator, n, func(number string) string {
		return fmt.Sprintf("(mutantsOn(%s) && (%s %s %s) || !mutantsOn(%s) && (%s))", number, x, operator, y, number, whole)
	})
}

// measured reports whether an operand is a time that the clock gives, which never equals a bound.
func (f *finder) measured(operand ast.Expr) bool {
	call, ok := operand.(*ast.CallExpr)
	if !ok {
		return false
	}
	object := f.called(call)
	return object != nil && object.Pkg().Path() == "time" && (object.Name() == "Since" || object.Name() == "Until")
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
		text := f.text(last)
		f.add(kindError, last.Pos(), last.End(), "nil", last, func(number string) string {
			return "mutantsError(" + number + ", " + text + ")"
		})
	}
}

// arguments swaps neighbouring arguments of the same type, unless their order does not
// matter.
func (f *finder) arguments(n *ast.CallExpr) {
	if name, ok := n.Fun.(*ast.Ident); ok && (name.Name == "min" || name.Name == "max") ||
		f.prints(n) || strings.HasPrefix(method(n), "Equal") {
		return
	}
	for i := 1; i < len(n.Args); i++ {
		a, b := n.Args[i-1], n.Args[i]
		if types.Identical(f.info.Types[a].Type, f.info.Types[b].Type) && f.text(a) != f.text(b) {
			f.add(kindArguments, a.Pos(), b.End(), f.text(b)+", "+f.text(a), between{a, b}, f.swapped(a, b))
		}
	}
}

// between is what is from the beginning of one node to the end of another.
type between struct{ first, last ast.Node }

func (b between) Pos() token.Pos { return b.first.Pos() }
func (b between) End() token.Pos { return b.last.End() }

// words reports whether a call only writes to the log, words an error, or sizes what it makes.
func (f *finder) words(call *ast.CallExpr) bool {
	if name, ok := call.Fun.(*ast.Ident); ok {
		_, builtin := f.info.Uses[name].(*types.Builtin)
		return builtin && name.Name == "make"
	}
	object := f.called(call)
	if object == nil {
		return false
	}
	path := object.Pkg().Path()
	return path == "log/slog" || path == "errors" && object.Name() == "New" || path == "fmt" && object.Name() == "Errorf"
}

// prints reports whether a call formats a text, whose arguments a person reads.
func (f *finder) prints(call *ast.CallExpr) bool {
	object := f.called(call)
	return object != nil && object.Pkg().Path() == "fmt"
}

// called returns the function of a package, or the method, that a call names.
func (f *finder) called(call *ast.CallExpr) types.Object {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	if object := f.info.Uses[selector.Sel]; object != nil && object.Pkg() != nil {
		return object
	}
	return nil
}
