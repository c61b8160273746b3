// Package hygiene finds files and settings in an image, in the format of "docker
// save", that do not belong in an image with a single static program.
package hygiene

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Finding is something in an image that should not be there.
type Finding struct {
	// Layer is the number of the layer, from 1 for the lowest. 0 means the image's
	// configuration.
	Layer int
	// Path is the path of a file in the layer, or the name of a setting.
	Path string
	// Problem describes the problem.
	Problem string
}

func (f Finding) String() string {
	if f.Layer == 0 {
		return fmt.Sprintf("%s: %s", f.Path, f.Problem)
	}
	return fmt.Sprintf("layer %d, /%s: %s", f.Layer, f.Path, f.Problem)
}

// maxFile is the maximum number of bytes read from one file. It exceeds the size of a
// service's program.
const maxFile = 256 << 20

var (
	shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "busybox", "toybox", "csh", "tcsh"}
	// managers are package managers.
	managers = []string{"apt", "apt-get", "dpkg", "apk", "rpm", "yum", "dnf", "microdnf", "pacman",
		"zypper", "pip", "pip3", "npm", "gem"}
	// managerFolders contain the state of package managers.
	managerFolders = []string{"lib/apk", "var/lib/apt", "var/lib/rpm", "var/lib/pacman", "etc/apt", "etc/apk"}
	// secretNames matches the paths of files that usually contain secrets.
	secretNames = regexp.MustCompile(`(^|/)(\.env(\..*)?|\.netrc|\.npmrc|\.git-credentials|\.dockercfg|\.pgpass|` +
		`id_(rsa|dsa|ecdsa|ed25519)|.*\.(key|p12|pfx|keystore|nk|creds))$|(^|/)(\.ssh|\.aws|\.docker|\.git)/`)
	// secretTexts match secrets in the contents of files.
	secretTexts = map[string]*regexp.Regexp{
		"a private key": regexp.MustCompile(
			`-----BEGIN (RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}`),
		"a NATS seed":             regexp.MustCompile(`-----BEGIN (USER|ACCOUNT|OPERATOR) NKEY SEED-----\s+S[A-Z2-7]{16}`),
		"an access key of AWS":    regexp.MustCompile(`\bAKIA[0-9A-Z]{16}\b`),
		"a token of GitHub":       regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{36}\b`),
		"a password in a setting": regexp.MustCompile(`(?m)^[A-Z_]*(PASSWORD|SECRET|TOKEN)=\S{8,}`),
	}
)

// Check examines an image in the format of "docker save". It returns an error only if
// the image cannot be read.
func Check(image io.Reader) ([]Finding, error) {
	files, err := unpack(image)
	if err != nil {
		return nil, err
	}
	var manifest []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		return nil, fmt.Errorf("reading manifest.json: %w: pass the output of docker save IMAGE", err)
	}
	if len(manifest) != 1 {
		return nil, fmt.Errorf("reading manifest.json: %d images, want one: pass the output of docker save IMAGE",
			len(manifest))
	}
	findings, err := checkConfig(files[manifest[0].Config])
	if err != nil {
		return nil, err
	}
	for i, name := range manifest[0].Layers {
		layer, found := files[name]
		if !found {
			return nil, fmt.Errorf("layer %s is not in the image", name)
		}
		inLayer, err := checkLayer(i+1, layer)
		if err != nil {
			return nil, fmt.Errorf("reading layer %s: %w", name, err)
		}
		findings = append(findings, inLayer...)
	}
	return findings, nil
}

func unpack(image io.Reader) (map[string][]byte, error) {
	files := map[string][]byte{}
	links := map[string]string{}
	for archive := tar.NewReader(image); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading the image: %w", err)
		}
		switch header.Typeflag {
		case tar.TypeReg:
			data, err := io.ReadAll(io.LimitReader(archive, maxFile))
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", header.Name, err)
			}
			files[path.Clean(header.Name)] = data
		case tar.TypeSymlink: // a layer that occurs twice
			links[path.Clean(header.Name)] = path.Join(path.Dir(header.Name), header.Linkname)
		}
	}
	for name, target := range links {
		files[name] = files[target]
	}
	return files, nil
}

// checkConfig examines the user that the image runs as, its labels, its environment,
// and its history, in which build arguments leave traces.
func checkConfig(data []byte) ([]Finding, error) {
	var config struct {
		Config struct {
			User   string
			Env    []string
			Labels map[string]string
		}
		History []struct {
			CreatedBy string `json:"created_by"`
		}
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, fmt.Errorf("reading the image's settings: %w", err)
	}
	var findings []Finding
	if user, _, _ := strings.Cut(config.Config.User, ":"); user == "" || user == "0" || user == "root" {
		findings = append(findings, Finding{0, "user", "the image runs as root"})
	}
	for _, label := range []string{"title", "description", "source", "licenses", "version", "revision"} {
		if config.Config.Labels["org.opencontainers.image."+label] == "" {
			findings = append(findings, Finding{0, "labels", "org.opencontainers.image." + label + " is missing"})
		}
	}
	for _, line := range config.Config.Env {
		findings = append(findings, secretsIn(0, "environment", []byte(line))...)
	}
	for _, step := range config.History {
		for _, word := range strings.Fields(step.CreatedBy) {
			findings = append(findings, secretsIn(0, "history", []byte(word))...)
		}
	}
	return findings, nil
}

// checkLayer examines every file that a layer adds, including files that a later
// layer removes: anybody who has the image can still read them.
func checkLayer(number int, data []byte) ([]Finding, error) {
	var findings []Finding
	for archive := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return findings, nil
		}
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(path.Clean(header.Name), "/")
		add := func(problem string) { findings = append(findings, Finding{number, name, problem}) }
		base := path.Base(name)
		isFile := header.Typeflag == tar.TypeReg || header.Typeflag == tar.TypeLink || header.Typeflag == tar.TypeSymlink
		switch {
		case isFile && slices.Contains(shells, base):
			add("a shell")
		case isFile && slices.Contains(managers, base), slices.Contains(managerFolders, name):
			add("a package manager")
		}
		if header.Typeflag == tar.TypeReg && header.Mode&0o6000 != 0 {
			add("runs with the privileges of its owner (setuid or setgid)")
		}
		if isFile && header.Mode&0o002 != 0 && header.Typeflag == tar.TypeReg {
			add("writable by everybody")
		}
		if secretNames.MatchString(name) && header.Typeflag == tar.TypeReg {
			add("a file that usually contains secrets")
		}
		if header.Typeflag == tar.TypeReg {
			text, err := io.ReadAll(io.LimitReader(archive, maxFile))
			if err != nil {
				return nil, err
			}
			findings = append(findings, secretsIn(number, name, text)...)
		}
	}
}

func secretsIn(layer int, where string, text []byte) []Finding {
	var findings []Finding
	for what, pattern := range secretTexts {
		if pattern.Match(text) {
			findings = append(findings, Finding{layer, where, what})
		}
	}
	return findings
}
