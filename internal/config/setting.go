package config

import (
	"reflect"
	"slices"
	"strings"
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
	var all []Setting
	walk(reflect.ValueOf(cfg).Elem(), nil, func(path []string, field reflect.StructField, value reflect.Value) {
		kind := kindOf(field)
		all = append(all, Setting{
			Path: path, Doc: field.Tag.Get("doc"), Default: kind.format(value), kind: kind, value: value,
		})
	})
	return all
}

// walk visits every field with a doc tag.
func walk(v reflect.Value, path []string, visit func([]string, reflect.StructField, reflect.Value)) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		at := append(slices.Clone(path), kebab(field.Name))
		if v.Field(i).Kind() == reflect.Struct {
			walk(v.Field(i), at, visit)
		} else if field.Tag.Get("doc") != "" {
			visit(at, field, v.Field(i))
		}
	}
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
