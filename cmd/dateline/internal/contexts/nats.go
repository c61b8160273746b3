package contexts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is the maximum size of a context of the nats command in bytes.
const maxFile = 1 << 20

// natsContext is a context of the nats command, as far as Dateline can use it.
type natsContext struct {
	URL         string `json:"url"`
	Token       string `json:"token"`
	User        string `json:"user"`
	Password    string `json:"password"`
	Credentials string `json:"creds"`
	Nkey        string `json:"nkey"`
	Certificate string `json:"cert"`
	Key         string `json:"key"`
	CA          string `json:"ca"`
}

// unsupported are the entries of a context of the nats command that change how to connect
// and that Dateline cannot follow.
var unsupported = []string{
	"nsc", "socks_proxy", "user_jwt", "user_seed", "jetstream_domain", "jetstream_api_prefix", "inbox_prefix", "tls_first",
	"windows_cert_store",
}

// FromNATS reads a context of the nats command, given by its name or file. Empty means the
// one that the nats command has selected. It returns the context's name and the settings
// with which Dateline connects in the same way.
func FromNATS(nameOrFile string) (name string, settings Settings, err error) {
	file, err := natsFile(nameOrFile)
	if err != nil {
		return "", nil, err
	}
	settings, err = readNATS(file)
	if err != nil {
		return "", nil, fmt.Errorf("reading the NATS context %s: %w", file, err)
	}
	return strings.TrimSuffix(filepath.Base(file), ".json"), settings, nil
}

// natsFile returns the file of a context of the nats command.
func natsFile(nameOrFile string) (string, error) {
	base, err := configFolder("nats")
	if err != nil {
		return "", err
	}
	if nameOrFile == "" {
		text, _ := os.ReadFile(filepath.Join(base, "context.txt")) // a missing file means no selection
		if nameOrFile = strings.TrimSpace(string(text)); nameOrFile == "" {
			return "", errors.New("the nats command has selected no context: name one of those that \"nats context ls\" " +
				"lists, or its file")
		}
	}
	if strings.ContainsRune(nameOrFile, filepath.Separator) || strings.HasSuffix(nameOrFile, ".json") {
		return nameOrFile, nil
	}
	return filepath.Join(base, "context", nameOrFile+".json"), nil
}

func readNATS(file string) (Settings, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxFile))
	if err != nil {
		return nil, err
	}
	var entries map[string]any
	var context natsContext
	if err := errors.Join(json.Unmarshal(text, &entries), json.Unmarshal(text, &context)); err != nil {
		return nil, err
	}
	for _, name := range unsupported {
		if value, has := entries[name]; has && value != "" && value != false {
			return nil, fmt.Errorf("it uses %s, which Dateline does not support: "+
				"write a context with an address and a user, credentials or an NKey", name)
		}
	}
	return context.settings()
}

// settings converts a context. Paths become absolute, because a command may run in any
// folder.
func (c natsContext) settings() (Settings, error) {
	address, err := c.address()
	if err != nil {
		return nil, err
	}
	section, encryption := map[string]any{"url": address}, map[string]any{}
	for _, one := range []struct {
		to         map[string]any
		name, path string
	}{
		{section, "credentials", c.Credentials},
		{section, "nkey", c.Nkey},
		{encryption, "ca", c.CA},
		{encryption, "certificate", c.Certificate},
		{encryption, "key", c.Key},
	} {
		if one.path == "" {
			continue
		}
		if one.to[one.name], err = expand(one.path); err != nil {
			return nil, err
		}
	}
	if len(encryption) > 0 {
		section["tls"] = encryption
	}
	return Settings{"nats": section}, nil
}

// address returns the addresses of the servers, with the user or token in each.
func (c natsContext) address() (string, error) {
	var user *url.Userinfo
	switch {
	case c.Token != "":
		user = url.User(c.Token)
	case c.Password != "":
		user = url.UserPassword(c.User, c.Password)
	case c.User != "":
		user = url.User(c.User)
	}
	if c.URL == "" {
		return "", errors.New("it has no url")
	}
	servers := strings.Split(c.URL, ",")
	for i, server := range servers {
		server = strings.TrimSpace(server)
		if !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		u, err := url.Parse(server)
		if err != nil {
			return "", errors.New("its url is not the address of a server") // the error would repeat a password
		}
		if u.User == nil {
			u.User = user
		}
		servers[i] = u.String()
	}
	return strings.Join(servers, ","), nil
}

// expand returns the absolute form of a path, in which the nats command allows ~ and
// environment variables.
func expand(path string) (string, error) {
	path = os.ExpandEnv(path)
	if rest, isHome := strings.CutPrefix(path, "~/"); isHome {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("resolving %s: %w", path, err)
		}
		path = filepath.Join(home, rest)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("resolving a path: %w", err)
	}
	return path, nil
}
