// Package config fills a configuration struct from its defaults, files, the
// environment and flags. Later sources override earlier ones.
//
// Each setting is declared once, as a field of the struct: the field's name and
// type are those of the setting, its `doc` tag is the meaning, and its initial
// value is the default. A field with the tag `unit:"bytes"` holds a size, which
// users write as 256MiB. Flags, environment variables, keys in the file and the
// reference page are derived from the fields.
package config

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// EnvPrefix is the prefix of the name of every environment variable.
const EnvPrefix = "DATELINE_"

// A Validator reports values that cannot work, by themselves or in combination.
// Every struct of a configuration may implement it.
type Validator interface{ Validate() error }

// validate calls the Validator of every struct of the configuration, inner structs
// first, and joins the errors.
func validate(v reflect.Value) error {
	var problems []error
	v = reflect.Indirect(v)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Type.Kind() != reflect.Struct {
			continue
		}
		if err := validate(v.Field(i)); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", kebab(field.Name), err))
		}
	}
	if own, ok := v.Interface().(Validator); ok {
		problems = append(problems, own.Validate())
	}
	return errors.Join(problems...)
}

// WriteReference writes the settings of cfg as a Markdown table.
func WriteReference(w io.Writer, cfg any) error {
	var b strings.Builder
	b.WriteString("| setting (file) | flag | environment | type | default | meaning |\n|---|---|---|---|---|---|\n")
	for _, s := range Settings(cfg) {
		value := "`" + s.Default + "`"
		if s.Default == "" {
			value = "(empty)"
		}
		fmt.Fprintf(&b, "| `%s` | `--%s` | `%s` | %s | %s | %s |\n", s.Key(), s.Flag(), s.Env(), s.Type(), value, s.Doc)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
