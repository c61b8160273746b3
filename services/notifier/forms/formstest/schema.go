// Package formstest compares messages with their schema in the documentation.
package formstest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema returns the schema of messages in the form dateline, as in the documentation, except that it allows no further
// fields.
func Schema(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	name := filepath.Join("docs", "schemas", "message.v1.schema.json")
	text, err := os.ReadFile(name)
	for range 5 { // levels of folders
		if !errors.Is(err, os.ErrNotExist) {
			break
		}
		name = filepath.Join("..", name)
		text, err = os.ReadFile(name)
	}
	schema := &jsonschema.Schema{}
	if err == nil {
		err = json.Unmarshal(text, schema)
	}
	if err != nil {
		tb.Fatalf("reading the schema of messages: %v", err)
	}
	closeObjects(schema)
	return schema
}

// closeObjects allows no other fields than those that the schema of an object describes.
func closeObjects(schema *jsonschema.Schema) {
	if schema == nil {
		return
	}
	if schema.Properties != nil && schema.AdditionalProperties == nil {
		schema.AdditionalProperties = &jsonschema.Schema{Not: &jsonschema.Schema{}}
	}
	closeObjects(schema.Items)
	for _, inner := range schema.Properties {
		closeObjects(inner)
	}
	for _, inner := range schema.Defs {
		closeObjects(inner)
	}
}

// Resolve returns a schema with which messages can be validated.
func Resolve(tb testing.TB, schema *jsonschema.Schema) *jsonschema.Resolved {
	tb.Helper()
	resolved, err := schema.Resolve(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return resolved
}

// Lacking returns the paths of the fields that a schema describes and a message does not have. It does not
// look for fields with the name of the one that they are in.
func Lacking(schema *jsonschema.Schema, message any) []string {
	return lacking(schema, schema, message, "")
}

func lacking(root, schema *jsonschema.Schema, value any, path string) (paths []string) {
	if name, ok := strings.CutPrefix(schema.Ref, "#/$defs/"); ok {
		schema = root.Defs[name]
	}
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			paths = append(paths, lacking(root, schema.Items, item, path)...)
		}
	case map[string]any:
		for name, inner := range schema.Properties {
			field, ok := value[name]
			switch {
			case strings.HasSuffix(path, "."+name):
			case !ok:
				paths = append(paths, path+"."+name)
			default:
				paths = append(paths, lacking(root, inner, field, path+"."+name)...)
			}
		}
	}
	return paths
}
