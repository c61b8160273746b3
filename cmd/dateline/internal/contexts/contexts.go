// Package contexts keeps the deployments that commands can talk to.
//
// A context is a configuration file with the settings that a command needs to reach one
// deployment. The contexts of a user are in one folder, and one of them is in use.
package contexts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dateline-news/dateline/internal/wholefile"
)

// Set contains the contexts of a user:
//
//	FOLDER/context              the name of the context in use
//	FOLDER/contexts/NAME.yaml   the context NAME
type Set struct{ dir string }

const suffix = ".yaml"

// validName keeps names within the folder, and visible.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Open returns the contexts in $XDG_CONFIG_HOME/dateline, or in ~/.config/dateline. It
// creates nothing.
func Open() (Set, error) {
	dir, err := configFolder("dateline")
	return Set{dir}, err
}

// configFolder returns the folder in which a program keeps the configuration of this
// user.
func configFolder(program string) (string, error) {
	base := os.Getenv("XDG_CONFIG_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding the folder of the contexts: %w; set XDG_CONFIG_HOME", err)
		}
		base = filepath.Join(home, ".config")
	}
	return filepath.Join(base, program), nil
}

// Path returns the path of a context's file, whether it exists or not.
func (s Set) Path(name string) string { return filepath.Join(s.dir, "contexts", name+suffix) }

// Check returns an error if there is no context with a name.
func (s Set) Check(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	_, err := os.Stat(s.Path(name))
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	have := "\"dateline up\" and \"make deploy\" write a context"
	if names, err := s.Names(); err == nil && len(names) > 0 {
		have = "choose one of " + strings.Join(names, ", ")
	}
	return fmt.Errorf("there is no context %q: %s", name, have)
}

func checkName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a context: use letters, digits, dots, dashes and underscores", name)
	}
	return nil
}

// Names returns the names of the contexts, sorted.
func (s Set) Names() ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(s.Path("")))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listing the contexts: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), suffix); ok && validName.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Current returns the name of the context in use, or "" if no context is in use.
func (s Set) Current() (string, error) {
	data, err := os.ReadFile(s.currentFile())
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading which context is in use: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

func (s Set) currentFile() string { return filepath.Join(s.dir, "context") }

// Use makes commands use a context unless they are told otherwise.
func (s Set) Use(name string) error {
	if err := s.Check(name); err != nil {
		return err
	}
	return s.replace(s.currentFile(), []byte(name+"\n"))
}

// Settings are the settings of a context by section and name, in the form of the
// configuration file.
type Settings map[string]map[string]any

// Write writes a context with a comment that states its origin, and makes commands use
// it.
func (s Set) Write(name, origin string, settings Settings) error {
	if err := checkName(name); err != nil {
		return err
	}
	data, err := yaml.Marshal(settings)
	if err != nil {
		return fmt.Errorf("encoding the context %s: %w", name, err)
	}
	if err := s.replace(s.Path(name), append([]byte("# "+origin+"\n"), data...)); err != nil {
		return err
	}
	return s.Use(name)
}

// replace writes a file that only its owner can read. The file is never incomplete.
func (s Set) replace(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the folder of the contexts: %w", err)
	}
	if err := wholefile.Write(path, data); err != nil {
		return fmt.Errorf("keeping a context: %w", err)
	}
	return nil
}

// Read returns the settings of a context.
func (s Set) Read(name string) (Settings, error) {
	if err := s.Check(name); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(s.Path(name))
	if err != nil {
		return nil, fmt.Errorf("reading the context %s: %w", name, err)
	}
	var settings Settings
	if err := yaml.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("reading the context %s: %w", name, err)
	}
	return settings, nil
}

// Text returns a setting as text, or "" if the context does not contain it.
func (s Settings) Text(section, name string) string {
	value, ok := s[section][name]
	if !ok {
		return ""
	}
	return fmt.Sprint(value)
}
