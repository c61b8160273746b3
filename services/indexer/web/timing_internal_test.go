package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// isToken reports whether an expression is a token of the configuration or of a request.
func isToken(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return strings.HasSuffix(e.Sel.Name, "Token")
	case *ast.Ident:
		return e.Name == "token" || e.Name == "given"
	}
	return false
}

func isEmptyString(e ast.Expr) bool {
	literal, is := e.(*ast.BasicLit)
	return is && literal.Value == `""`
}

// TestTokensAreComparedInConstantTime reads the source: operators and functions that stop at
// the first difference may not compare a token with anything but the empty string, and no
// comparison of tokens may be skipped because of another one.
func TestTokensAreComparedInConstantTime(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") ||
			entry.Name() == "config.go" { // compares the configured tokens with each other
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				compares := n.Op == token.EQL || n.Op == token.NEQ
				if compares && (isToken(n.X) || isToken(n.Y)) && !isEmptyString(n.X) && !isEmptyString(n.Y) {
					t.Errorf("%s compares a token with %s", entry.Name(), n.Op)
				}
				if n.Op == token.LAND || n.Op == token.LOR {
					ast.Inspect(n, func(n ast.Node) bool {
						if call, is := n.(*ast.CallExpr); is && isCallOf(call, "equal") {
							t.Errorf("%s skips a comparison because of another condition", entry.Name())
						}
						return true
					})
				}
			case *ast.CaseClause:
				for _, condition := range n.List {
					if call, is := condition.(*ast.CallExpr); is && isCallOf(call, "equal") {
						t.Errorf("%s skips a comparison because of another case", entry.Name())
					}
				}
			case *ast.CallExpr:
				if isCallOf(n, "equal") {
					calls++
				}
			}
			return true
		})
	}
	if calls != 2 {
		t.Errorf("tokens are compared in %d places, want one for each token", calls)
	}
}

func isCallOf(call *ast.CallExpr, name string) bool {
	called, is := call.Fun.(*ast.Ident)
	return is && called.Name == name
}
