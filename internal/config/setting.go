package config

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Setting is one value of a configuration.
type Setting struct {
	// Path holds the names of the sections and of the setting, such as
	// ["fetcher", "user-agent"].
	Path []string
	// Doc is the meaning of the setting.
	Doc string
	// Default is the value before anything is loaded, as text.
	Default string

	kind  kind
	value reflect.Value
}

// Key returns the setting's name in a file, such as fetcher.user-agent.
func (s Setting) Key() string { return strings.Join(s.Path, ".") }

// Flag returns the setting's name as a flag, without dashes.
func (s Setting) Flag() string { return strings.Join(s.Path, "-") }

// Env returns the setting's name in the environment.
func (s Setting) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(s.Flag(), "-", "_"))
}

// Type returns the name of the setting's type, for people.
func (s Setting) Type() string { return s.kind.name }

// Settings returns the settings of a configuration, given as a pointer to its
// struct, in order.
func Settings(cfg any) []Setting {
	v := reflect.ValueOf(cfg).Elem()
	fields := fieldsOf(v.Type())
	all := make([]Setting, len(fields))
	for i, f := range fields {
		value := v.FieldByIndex(f.index)
		all[i] = Setting{Path: f.path, Doc: f.doc, Default: f.kind.format(value), kind: f.kind, value: value}
	}
	return all
}

// field is a field with a doc tag of a struct, or of a struct in it.
type field struct {
	path  []string
	index []int
	doc   string
	kind  kind
}

// known holds the fields by type. A program has few types, but may have many commands with
// a configuration each, and starts with all of them.
var known sync.Map

// fieldsOf returns the fields with a doc tag of a type of configurations, in order.
func fieldsOf(t reflect.Type) []field {
	if fields, ok := known.Load(t); ok {
		return fields.([]field)
	}
	fields := appendFields(nil, t, nil, nil)
	known.Store(t, fields)
	return fields
}

func appendFields(fields []field, t reflect.Type, path []string, index []int) []field {
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		path, index := append(slices.Clone(path), kebab(f.Name)), append(slices.Clone(index), i)
		if f.Type.Kind() == reflect.Struct {
			fields = appendFields(fields, f.Type, path, index)
		} else if doc := f.Tag.Get("doc"); doc != "" {
			fields = append(fields, field{path, index, doc, kindOf(f)})
		}
	}
	return fields
}

// kebab converts MaxBodyBytes to max-body-bytes and LeaseTTL to lease-ttl.
func kebab(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			afterLower := unicode.IsLower(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				b.WriteByte('-')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
