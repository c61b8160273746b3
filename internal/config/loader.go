package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Loader fills one configuration.
type Loader struct {
	cfg      any
	settings []Setting
	// flags holds the values of the flags that were given, by key.
	flags map[string]string
	// given holds the keys that the last Load has set.
	given map[string]bool
}

// NewLoader declares a flag for each setting of cfg, which is a pointer to a struct
// with the defaults.
func NewLoader(flags *pflag.FlagSet, cfg any) *Loader {
	l := &Loader{cfg: cfg, settings: Settings(cfg), flags: map[string]string{}}
	for _, s := range l.settings {
		flag := flags.VarPF(&flagValue{
			kind: s.Type(), text: s.Default,
			given: func(text string) { l.flags[s.Key()] = text },
		}, s.Flag(), "", s.Doc)
		if s.value.Kind() == reflect.Bool {
			flag.NoOptDefVal = "true"
		}
	}
	return l
}

// Settings returns the settings of the configuration, in order.
func (l *Loader) Settings() []Setting { return l.settings }

// flagValue keeps the text of a flag until the file and the environment, which it
// overrides, have been read.
type flagValue struct {
	kind, text string
	given      func(string)
}

func (f *flagValue) String() string { return f.text }
func (f *flagValue) Type() string   { return f.kind }
func (f *flagValue) Set(text string) error {
	f.text = text
	f.given(text)
	return nil
}

// Load reads the files in order, except those with an empty name, then the environment
// (in the form of os.Environ), then the flags, and validates the result. Its error lists
// all problems.
func (l *Loader) Load(environ []string, files ...string) error {
	l.given = map[string]bool{}
	var problems []error
	for _, file := range files {
		if file != "" {
			problems = append(problems, l.loadFile(file)...)
		}
	}
	problems = append(problems, l.loadEnv(environ)...)
	for _, s := range l.settings {
		if text, given := l.flags[s.Key()]; given {
			l.given[s.Key()] = true
			problems = append(problems, s.set("--"+s.Flag(), text))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	return validate(reflect.ValueOf(l.cfg))
}

// Given reports whether the last Load has set one of the settings with these keys.
func (l *Loader) Given(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return l.given[key] })
}

func (l *Loader) loadEnv(environ []string) []error {
	var problems []error
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		rest, ours := strings.CutPrefix(name, EnvPrefix)
		if !ours {
			continue
		}
		i := slices.IndexFunc(l.settings, func(s Setting) bool { return s.Env() == name })
		if i >= 0 {
			l.given[l.settings[i].Key()] = true
			problems = append(problems, l.settings[i].set(name, text))
			continue
		}
		// A variable of another section may be meant for another service.
		section, _, _ := strings.Cut(rest, "_")
		if l.isSection([]string{strings.ToLower(section)}) {
			problems = append(problems, fmt.Errorf("%s: this setting does not exist", name))
		}
	}
	return problems
}

// set parses text into the setting. origin names the place of the text in errors.
func (s Setting) set(origin, text string) error {
	if err := s.kind.set(s.value, text); err != nil {
		return fmt.Errorf("%s: %q is not %s", origin, text, s.kind.want)
	}
	return nil
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
