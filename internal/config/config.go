// Package config fills a configuration struct from its defaults, a file, the
// environment and flags, in that order, the later winning. A setting is declared
// once: the struct's field is its name and type, the `doc` tag its meaning, the
// value it has beforehand its default. Flags, environment variables, the keys of
// the file and the reference page all follow from that.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"
)

// EnvPrefix begins the name of every environment variable.
const EnvPrefix = "DATELINE_"

// maxFileSize bounds a configuration file, in bytes.
const maxFileSize = 1 << 20

// A Validator refuses values that cannot work, alone or together. Every struct
// of a configuration may be one.
type Validator interface{ Validate() error }

// Setting is one value of a configuration.
type Setting struct {
	// Path is the sections and the name, such as ["fetcher", "user-agent"].
	Path []string
	// Doc is its meaning, in a sentence.
	Doc string
	// Default is its value before anything is loaded, as text.
	Default string

	value reflect.Value
}

// Key is the setting's name in files, such as fetcher.user-agent.
func (s Setting) Key() string { return strings.Join(s.Path, ".") }

// Flag is the setting's name as a flag, without dashes.
func (s Setting) Flag() string { return strings.Join(s.Path, "-") }

// Env is the setting's name in the environment.
func (s Setting) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(s.Flag(), "-", "_"))
}

// Type is the setting's type for people.
func (s Setting) Type() string {
	switch s.value.Interface().(type) {
	case time.Duration:
		return "duration"
	case []string:
		return "list"
	}
	switch s.value.Kind() {
	case reflect.Int, reflect.Int64:
		return "number"
	case reflect.Float64:
		return "decimal"
	case reflect.Bool:
		return "yes/no"
	}
	return "text"
}

// Settings lists what a pointer to a configuration struct holds, in order.
func Settings(cfg any) []Setting {
	var all []Setting
	walk(reflect.ValueOf(cfg).Elem(), nil, func(path []string, field reflect.StructField, value reflect.Value) {
		all = append(all, Setting{Path: path, Doc: field.Tag.Get("doc"), Default: format(value), value: value})
	})
	return all
}

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

// kebab writes MaxBodyBytes as max-body-bytes and LeaseTTL as lease-ttl.
func kebab(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Loader fills one configuration.
type Loader struct {
	cfg      any
	settings []Setting
	flags    map[string]*string
}

// NewLoader declares a flag for each setting of cfg, a pointer to a struct that
// holds the defaults.
func NewLoader(flags *pflag.FlagSet, cfg any) *Loader {
	l := &Loader{cfg: cfg, settings: Settings(cfg), flags: map[string]*string{}}
	for _, s := range l.settings {
		text := &flagText{kind: s.Type(), text: s.Default}
		flag := flags.VarPF(text, s.Flag(), "", s.Doc)
		if s.value.Kind() == reflect.Bool {
			flag.NoOptDefVal = "true"
		}
		l.flags[s.Key()] = nil
		text.given = func(value string) { l.flags[s.Key()] = &value }
	}
	return l
}

// flagText keeps what a flag was given until the file and the environment,
// which it overrides, have been read.
type flagText struct {
	kind, text string
	given      func(string)
}

func (f *flagText) String() string { return f.text }
func (f *flagText) Type() string   { return f.kind }
func (f *flagText) Set(text string) error {
	f.text = text
	f.given(text)
	return nil
}

// Load reads the file, if one is named, then the environment (in the form of
// os.Environ), then the flags, and validates the whole. Its error lists
// everything that is wrong.
func (l *Loader) Load(file string, environ []string) error {
	var problems []error
	if file != "" {
		problems = append(problems, l.loadFile(file)...)
	}
	problems = append(problems, l.loadEnv(environ)...)
	for _, s := range l.settings {
		if text := l.flags[s.Key()]; text != nil {
			problems = append(problems, s.set("--"+s.Flag(), *text))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	return validate(reflect.ValueOf(l.cfg))
}

func (l *Loader) loadFile(path string) []error {
	f, err := os.Open(path)
	if err != nil {
		return []error{fmt.Errorf("reading the configuration: %w", err)}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return []error{fmt.Errorf("reading the configuration %s: %w", path, err)}
	}
	if len(data) > maxFileSize {
		return []error{fmt.Errorf("reading the configuration %s: it is larger than %d bytes", path, maxFileSize)}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return []error{fmt.Errorf("reading the configuration %s: %w", path, err)}
	}
	if len(document.Content) == 0 {
		return nil
	}
	return l.loadNode(path, document.Content[0], nil)
}

func (l *Loader) loadNode(file string, node *yaml.Node, path []string) []error {
	if node.Kind != yaml.MappingNode {
		return []error{fmt.Errorf("%s:%d: settings are written as \"name: value\" here", file, node.Line)}
	}
	var problems []error
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := append(slices.Clone(path), key.Value)
		place := fmt.Sprintf("%s:%d: %s", file, key.Line, strings.Join(at, "."))
		setting, found := l.find(strings.Join(at, "."))
		switch {
		case found && value.Kind == yaml.ScalarNode:
			problems = append(problems, setting.set(place, value.Value))
		case found && value.Kind == yaml.SequenceNode && setting.Type() == "list":
			var items []string
			for _, item := range value.Content {
				items = append(items, item.Value)
			}
			problems = append(problems, setting.set(place, strings.Join(items, ",")))
		case found:
			problems = append(problems, fmt.Errorf("%s: a value is expected here, of type %s", place, setting.Type()))
		case l.isSection(at):
			problems = append(problems, l.loadNode(file, value, at)...)
		case len(at) == 1:
			// A section of another service: one file may serve them all.
		default:
			problems = append(problems, fmt.Errorf("%s: there is no such setting%s", place, l.suggest(strings.Join(at, "."))))
		}
	}
	return problems
}

func (l *Loader) loadEnv(environ []string) []error {
	var problems []error
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, EnvPrefix) {
			continue
		}
		i := slices.IndexFunc(l.settings, func(s Setting) bool { return s.Env() == name })
		if i >= 0 {
			problems = append(problems, l.settings[i].set(name, text))
		} else if section := strings.ToLower(strings.SplitN(name[len(EnvPrefix):], "_", 2)[0]); l.isSection([]string{section}) {
			problems = append(problems, fmt.Errorf("%s: there is no such setting", name))
		}
	}
	return problems
}

func (l *Loader) find(key string) (Setting, bool) {
	i := slices.IndexFunc(l.settings, func(s Setting) bool { return s.Key() == key })
	if i < 0 {
		return Setting{}, false
	}
	return l.settings[i], true
}

func (l *Loader) isSection(path []string) bool {
	return slices.ContainsFunc(l.settings, func(s Setting) bool {
		return len(s.Path) > len(path) && slices.Equal(s.Path[:len(path)], path)
	})
}

func (l *Loader) suggest(key string) string {
	name := key[strings.LastIndexByte(key, '.')+1:]
	for _, s := range l.settings {
		if last := s.Path[len(s.Path)-1]; strings.ReplaceAll(last, "-", "") == strings.ReplaceAll(strings.ToLower(name), "_", "") {
			return "; did you mean " + s.Key() + "?"
		}
	}
	return ""
}

// set parses text into the setting; place says where the text stands.
func (s Setting) set(place, text string) error {
	var err error
	switch target := s.value.Addr().Interface().(type) {
	case *time.Duration:
		*target, err = time.ParseDuration(text)
	case *[]string:
		*target = nil
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				*target = append(*target, item)
			}
		}
	case *string:
		*target = text
	case *bool:
		*target, err = strconv.ParseBool(text)
	case *int:
		*target, err = strconv.Atoi(text)
	case *int64:
		*target, err = strconv.ParseInt(text, 10, 64)
	case *float64:
		*target, err = strconv.ParseFloat(text, 64)
	default:
		panic(fmt.Sprintf("setting %s has the unsupported type %T", s.Key(), target))
	}
	if err != nil {
		return fmt.Errorf("%s: %q is no %s, such as %s", place, text, s.Type(), s.Default)
	}
	return nil
}

func format(v reflect.Value) string {
	if list, ok := v.Interface().([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(v.Interface())
}

// validate asks every struct of the configuration, the inner ones first.
func validate(v reflect.Value) error {
	var problems []error
	v = reflect.Indirect(v)
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() && v.Field(i).Kind() == reflect.Struct {
			if err := validate(v.Field(i)); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", kebab(v.Type().Field(i).Name), err))
			}
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
