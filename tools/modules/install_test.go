package modules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const (
	path    = "github.com/dateline-news/dateline"
	version = "v0.0.0-test"
	root    = "../.."
)

// maxLibraryModules is the maximum number of modules built into a program that
// imports only the extraction library. It leaves a little room above the current
// number.
const maxLibraryModules = 16

const importer = `package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"` + path + `/services/extractor/article"
)

func main() {
	paragraph := strings.Repeat("The ferry crossed the bay again on Sunday, after eleven years at the quay. ", 8)
	page := "<html><title>Ferry returns</title><article><h1>Ferry returns</h1><p>" + paragraph + "</p><p>" + paragraph +
		"</p></article></html>"
	got, err := article.Extract(context.Background(), article.Page{
		URL: "https://example.com/news/ferry", Body: []byte(page), ContentType: "text/html; charset=utf-8",
	}, article.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(got.Title)
}
`

// user simulates a user's machine: it has its own module cache and programs, and a
// proxy that serves the root module and the contents of this machine's module cache.
type user struct {
	t   *testing.T
	dir string
	env []string
}

func newUser(t *testing.T) user {
	t.Helper()
	home := t.TempDir()
	proxy := filepath.Join(home, "proxy")
	publish(t, proxy)
	cache := strings.TrimSpace(output(t, exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE")))
	return user{t: t, dir: home, env: append(os.Environ(),
		"GOWORK=off", "GOFLAGS=-trimpath -modcacherw", "GONOSUMDB="+path, "GONOSUMCHECK=1", "GOTOOLCHAIN=local",
		"GOMODCACHE="+filepath.Join(home, "modules"), "GOBIN="+filepath.Join(home, "bin"),
		fmt.Sprintf("GOPROXY=file://%s,file://%s,%s", proxy, filepath.Join(cache, "cache", "download"),
			strings.TrimSpace(output(t, exec.CommandContext(t.Context(), "go", "env", "GOPROXY")))))}
}

// publish writes the files that git tracks in the layout of a module proxy:
// https://go.dev/ref/mod#goproxy-protocol.
func publish(t *testing.T, proxy string) {
	t.Helper()
	folder := filepath.Join(proxy, path, "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	list.Dir = root
	var files []zip.File
	for _, name := range strings.Split(strings.TrimSuffix(output(t, list), "\x00"), "\x00") {
		// The tools are a separate module.
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil && !strings.HasPrefix(name, "tools/") {
			files = append(files, tracked(name))
		}
	}
	var archive bytes.Buffer
	if err := zip.Create(&archive, module.Version{Path: path, Version: version}, files); err != nil {
		t.Fatal(err)
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for suffix, text := range map[string][]byte{".zip": archive.Bytes(), ".info": info, ".mod": mod} {
		if err := os.WriteFile(filepath.Join(folder, version+suffix), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "list"), []byte(version+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tracked is a file that git tracks, with its path from the root of the repository.
type tracked string

func (f tracked) Path() string                 { return string(f) }
func (f tracked) Lstat() (os.FileInfo, error)  { return os.Lstat(filepath.Join(root, string(f))) }
func (f tracked) Open() (io.ReadCloser, error) { return os.Open(filepath.Join(root, string(f))) }

func output(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command.Args, " "), err, &stderr)
	}
	return string(out)
}

func (u user) run(folder, name string, args ...string) string {
	u.t.Helper()
	command := exec.CommandContext(u.t.Context(), name, args...)
	command.Dir, command.Env = folder, u.env
	return output(u.t, command)
}

func TestCommandIsInstalledFromAProxy(t *testing.T) {
	u := newUser(t)
	u.run(u.dir, "go", "install", path+"/cmd/dateline@"+version)
	if got := u.run(u.dir, filepath.Join(u.dir, "bin", "dateline"), "version"); !strings.Contains(got, version) {
		t.Errorf("dateline version prints %q, want %s in it", got, version)
	}
}

func TestLibraryIsImportedByItself(t *testing.T) {
	u := newUser(t)
	program := filepath.Join(u.dir, "program")
	if err := os.Mkdir(program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(program, "main.go"), []byte(importer), 0o600); err != nil {
		t.Fatal(err)
	}
	u.run(program, "go", "mod", "init", "example.com/program")
	u.run(program, "go", "get", path+"/services/extractor/article@"+version)
	if got := u.run(program, "go", "run", "."); got != "Ferry returns\n" {
		t.Errorf("the program prints %q, want the headline", got)
	}
	built := map[string]bool{}
	linked := u.run(program, "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
	for _, name := range strings.Fields(linked) {
		built[name] = true
	}
	for _, name := range []string{"github.com/nats-io/nats.go", "modernc.org/sqlite", "github.com/jackc/pgx/v5"} {
		if built[name] {
			t.Errorf("a program that imports only the library links %s", name)
		}
	}
	if len(built) > maxLibraryModules {
		t.Errorf("a program that imports only the library links %d modules, want at most %d: %v",
			len(built), maxLibraryModules, built)
	}
}
