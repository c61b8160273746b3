package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A block is a comment or a string that people read.
type block struct {
	file    string // relative to the root of the repository
	line    int    // of its first line, from 1
	offset  int    // of its first byte
	text    string // without comment markers and quotes
	comment bool
}

// minSpaces is the number of spaces from which on a string counts as a text. Shorter
// strings are mostly keys, formats and names.
const minSpaces = 2

// textsOf returns the comments of a file and the strings that look like texts, in the
// order of their lines. Directives such as //go:build are left out.
func textsOf(root, name string) ([]block, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, filepath.Join(root, name), nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("parsing %s: %w", name, err)
	}
	at := func(n ast.Node, b block) block {
		position := files.Position(n.Pos())
		b.file, b.line, b.offset = name, position.Line, position.Offset
		return b
	}
	var blocks []block
	for _, group := range file.Comments {
		if text := commentText(group); text != "" {
			blocks = append(blocks, at(group, block{text: text, comment: true}))
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, err := strconv.Unquote(literal.Value)
			if err == nil && strings.Count(text, " ") >= minSpaces && !isCode(text) {
				if literal.Value[0] == '"' {
					// An escaped line break does not break the source's line.
					text = strings.ReplaceAll(text, "\n", " ")
				}
				blocks = append(blocks, at(literal, block{text: text}))
			}
		}
		return true
	})
	slices.SortStableFunc(blocks, func(a, b block) int { return cmp.Compare(a.offset, b.offset) })
	return blocks, nil
}

// commentText is a comment group without its markers. It keeps the line breaks.
func commentText(group *ast.CommentGroup) string {
	var lines []string
	for _, comment := range group.List {
		text := comment.Text
		switch {
		case strings.HasPrefix(text, "//go:"), strings.HasPrefix(text, "//nolint"), strings.HasPrefix(text, "// Output:"):
			lines = append(lines, "")
			continue
		case strings.HasPrefix(text, "//"):
			text = strings.TrimPrefix(strings.TrimPrefix(text, "//"), " ")
		default:
			text = strings.TrimSuffix(strings.TrimPrefix(text, "/*"), "*/")
		}
		lines = append(lines, strings.Split(text, "\n")...)
	}
	text := strings.Join(lines, "\n")
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return text
}

// isCode reports whether a string is markup, SQL or a configuration rather than prose.
func isCode(text string) bool {
	start := strings.ToUpper(strings.TrimSpace(text))
	if strings.HasPrefix(start, "<") || strings.HasPrefix(start, "{") || strings.Contains(text, "</") {
		return true
	}
	for _, word := range []string{
		"SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "ALTER ", "WITH ", "PRAGMA ",
		"FROM ", "WHERE ", "AND ", "ORDER ", "JOIN ", "ON CONFLICT",
	} {
		if strings.HasPrefix(start, word) && strings.ToUpper(word) == strings.TrimSpace(text)[:len(word)] {
			return true
		}
	}
	return false
}
