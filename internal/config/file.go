package config

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFileSize is the maximum size of a configuration file, in bytes.
const maxFileSize = 1 << 20

func (l *Loader) loadFile(path string) []error {
	f, err := os.Open(path)
	if err != nil {
		return []error{fmt.Errorf("reading configuration: %w", err)}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return []error{fmt.Errorf("reading configuration %s: %w", path, err)}
	}
	if len(data) > maxFileSize {
		return []error{fmt.Errorf("reading configuration %s: it is larger than %s", path, formatSize(maxFileSize))}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return []error{fmt.Errorf("reading configuration %s: %w", path, err)}
	}
	if len(document.Content) == 0 {
		return nil
	}
	return l.loadSection(path, document.Content[0], nil)
}

// loadSection sets the settings of a section and of the sections in it. path holds
// the section's names.
func (l *Loader) loadSection(file string, node *yaml.Node, path []string) []error {
	if node.Kind != yaml.MappingNode {
		return []error{fmt.Errorf("%s:%d: write settings as \"name: value\" here", file, node.Line)}
	}
	var problems []error
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		at := append(slices.Clone(path), name.Value)
		key := strings.Join(at, ".")
		origin := fmt.Sprintf("%s:%d: %s", file, name.Line, key)
		setting, found := l.find(key)
		switch {
		case found:
			l.given[key] = true
			problems = append(problems, setting.setNode(origin, value))
		case l.isSection(at):
			problems = append(problems, l.loadSection(file, value, at)...)
		case len(at) == 1:
			// A section of another service: several services may share the file.
		default:
			problems = append(problems, fmt.Errorf("%s: this setting does not exist%s", origin, l.suggest(name.Value)))
		}
	}
	return problems
}

// setNode sets a setting to a value of the file.
func (s Setting) setNode(origin string, value *yaml.Node) error {
	switch {
	case value.Kind == yaml.ScalarNode:
		return s.set(origin, value.Value)
	case value.Kind == yaml.SequenceNode && s.kind.name == lists.name:
		var items []string
		for _, item := range value.Content {
			items = append(items, item.Value)
		}
		return s.set(origin, strings.Join(items, ","))
	}
	return fmt.Errorf("%s: the value must be %s", origin, s.kind.want)
}

// suggest returns the end of a sentence that names the setting with nearly the
// same name, if there is one.
func (l *Loader) suggest(name string) string {
	letters := func(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }
	for _, s := range l.settings {
		if letters(s.Path[len(s.Path)-1]) == letters(name) {
			return "; did you mean " + s.Key() + "?"
		}
	}
	return ""
}
