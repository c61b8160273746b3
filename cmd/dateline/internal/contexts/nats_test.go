package contexts

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// inConfig writes files below a new configuration folder of the user.
func inConfig(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFromNATS(t *testing.T) {
	t.Setenv("HOME", "/home/reader")
	t.Setenv("KEYS", "/keys")
	dir := inConfig(t, map[string]string{
		"nats/context.txt": "chosen\n",
		"nats/context/chosen.json": `{"description": "d", "url": "nats://one:4222, two:4222", "user": "client",
			"password": "p@ss", "nsc": "", "tls_first": false, "color_scheme": "blue"}`,
		"nats/context/files.json": `{"url": "tls://three:4222", "creds": "~/user.creds", "nkey": "$KEYS/seed.nk",
			"cert": "/tls/cert.pem", "key": "/tls/key.pem", "ca": "/tls/ca.pem"}`,
		"nats/context/token.json": `{"url": "nats://four", "token": "t0k"}`,
		"nats/context/own.json":   `{"url": "nats://me:mine@five", "user": "client", "password": "p"}`,
	})
	encryption := map[string]any{"ca": "/tls/ca.pem", "certificate": "/tls/cert.pem", "key": "/tls/key.pem"}
	for given, want := range map[string]struct {
		name string
		nats map[string]any
	}{
		"": {"chosen", map[string]any{"url": "nats://client:p%40ss@one:4222,nats://client:p%40ss@two:4222"}},
		"files": {"files", map[string]any{
			"url": "tls://three:4222", "credentials": "/home/reader/user.creds", "nkey": "/keys/seed.nk", "tls": encryption,
		}},
		filepath.Join(dir, "nats/context/token.json"): {"token", map[string]any{"url": "nats://t0k@four"}},
		"own": {"own", map[string]any{"url": "nats://me:mine@five"}},
	} {
		name, settings, err := FromNATS(given)
		if err != nil || name != want.name || !reflect.DeepEqual(settings, Settings{"nats": want.nats}) {
			t.Errorf("%q: got %s, %v, %v, want %s, %v", given, name, settings, err, want.name, want.nats)
		}
	}
}

func TestFromNATSRefuses(t *testing.T) {
	inConfig(t, map[string]string{
		"nats/context/nsc.json":   `{"url": "nats://one", "nsc": "nsc://a/b/c"}`,
		"nats/context/first.json": `{"url": "nats://one", "tls_first": true}`,
		"nats/context/none.json":  `{"user": "client"}`,
		"nats/context/text.json":  `nats://one`,
		"nats/context/bad.json":   `{"url": "nats://u:secret@one:x"}`,
	})
	for given, want := range map[string]string{
		"": "has selected no context", "nosuch": "no such file", "nsc": "uses nsc", "first": "uses tls_first",
		"none": "has no url", "text": "invalid character", "bad": "not the address",
	} {
		_, _, err := FromNATS(given)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want an error with %q and without the password", given, err, want)
		}
	}
}
