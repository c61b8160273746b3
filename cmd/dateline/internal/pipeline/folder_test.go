package pipeline

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

var quiet = slog.New(slog.DiscardHandler)

// write writes a file below a folder, and creates the folders around it.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestVersionsOfFolders opens folders that other versions have written, and folders of others.
func TestVersionsOfFolders(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "1\n": "", "0": "", "2": "newer version of Dateline (layout 2, this version supports 1)",
		"one": "does not contain a version number",
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "version"), text)
		f, err := openFolder(dir)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("version %q: %v, want %q", text, err, want)
		}
		if err != nil {
			write(t, filepath.Join(dir, "version"), "1")
			if f, err = openFolder(dir); err != nil { // a refused folder is not locked
				t.Fatal(err)
			}
		}
		version, err := os.ReadFile(filepath.Join(dir, "version"))
		if text == "" && string(version) != "1\n" || err != nil {
			t.Errorf("the folder is marked with %q, %v", version, err)
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "version"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(dir); err == nil || !strings.Contains(err.Error(), "reading the data folder's version") {
		t.Errorf("a version that cannot be read: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	if _, err := openFolder(filepath.Join(file, "data")); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("a folder that cannot be created: %v", err)
	}
	locked := t.TempDir()
	if err := os.Mkdir(filepath.Join(locked, lockFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(locked); err == nil {
		t.Error("a folder that cannot be locked is opened")
	}
}

// TestFoldersAreUsedOnce opens a folder while it is in use, and clears it.
func TestFoldersAreUsedOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	f, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(dir); !errors.Is(err, errInUse) {
		t.Errorf("opening the folder again: %v, want %v", err, errInUse)
	}
	write(t, filepath.Join(dir, "nats", "stream"), "x")
	if err := Clear(dir); !errors.Is(err, errInUse) {
		t.Errorf("clearing the folder: %v, want %v", err, errInUse)
	}
	if err := f.announce("nats://127.0.0.1:4222", "pass/word"); err != nil {
		t.Fatal(err)
	}
	address, err := os.ReadFile(addressFile(dir))
	if err != nil || string(address) != "nats://dateline:pass%2Fword@127.0.0.1:4222" {
		t.Errorf("the address is %q, %v", address, err)
	}
	if got := (Config{Data: DataConfig{Dir: dir, NATSAddr: "127.0.0.1:1"}}).NATSURL(); got != string(address) {
		t.Errorf("the URL is %s, want %s", got, address)
	}
	if err := f.announce("%", "x"); err == nil {
		t.Error("an invalid address is published")
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(addressFile(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the address of a pipeline that has ended: %v", err)
	}
	if err := Clear(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 1 || len(entries) == 1 && entries[0].Name() != lockFile {
		t.Errorf("a folder that was cleared has %v, %v", entries, err)
	}
	if f, err = openFolder(dir); err != nil { // it is not locked any more
		t.Fatal(err)
	}
	defer f.close()
	write(t, filepath.Join(addressFile(dir), "x"), "")
	if err := f.announce("nats://127.0.0.1:4222", "x"); err == nil {
		t.Error("an address that cannot be written is no error")
	}
}

func TestPasswords(t *testing.T) {
	dir := t.TempDir()
	configured := DataConfig{Dir: dir, NATSPassword: "configured"}
	if got, err := configured.password(); got != "configured" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	generated := DataConfig{Dir: dir}
	first, err := generated.password()
	if err != nil || len(first) < minPassword {
		t.Fatalf("generated %q, %v", first, err)
	}
	if again, err := generated.password(); again != first || err != nil {
		t.Errorf("the second start: %q, %v, want %q", again, err, first)
	}
	kept := filepath.Join(dir, "nats.password")
	if info, err := os.Stat(kept); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	write(t, kept, " \n")
	if other, err := generated.password(); other == first || other == "" || err != nil {
		t.Errorf("without the kept one: %q, %v", other, err)
	}
	for what, data := range map[string]DataConfig{
		"reading": {Dir: t.TempDir()}, "keeping": {Dir: filepath.Join(t.TempDir(), "absent")},
	} {
		if what == "reading" {
			write(t, filepath.Join(data.Dir, "nats.password", "x"), "")
		}
		if _, err := data.password(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", minPassword)
	for _, c := range []struct {
		addr, password string
		problem        string
	}{
		{"127.0.0.1:4222", "", ""}, {"127.9.9.9:4222", "", ""}, {"[::1]:4222", "", ""}, {"localhost:4222", "", ""},
		{"", "", ""}, {":4222", "", "no nats-password"}, {"0.0.0.0:4222", "", "no nats-password"},
		{"192.0.2.1:4222", "", "no nats-password"}, {"localhost", "", "no nats-password"},
		{"news.example:4222", "", "no nats-password"}, {"0.0.0.0:4222", long, ""},
		{"127.0.0.1:4222", long[1:], "15 characters"}, {"127.0.0.1:4222", long, ""},
	} {
		err := DataConfig{NATSAddr: c.addr, NATSPassword: c.password}.Validate()
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%q with %d characters: %v, want %q", c.addr, len(c.password), err, c.problem)
		}
	}
}

func TestNamesOfStores(t *testing.T) {
	t.Parallel()
	data := DataConfig{Dir: "data", NATSAddr: "127.0.0.1:4222"}
	for url, want := range map[string]string{
		"": "sqlite:" + filepath.Join("data", "articles.db"), "postgres://user:p@ss@db/news": "postgres://db/news",
		"postgres://db/news": "postgres://db/news", "sqlite:a@b.db": "sqlite:a@b.db", "a@b://c": "a@b://c",
		"postgres://db/news?x=a@b": "postgres://b",
	} {
		config := Config{Data: data}
		config.Store.URL = url
		if got := config.StoreName(); got != want {
			t.Errorf("%q is shown as %q, want %q", url, got, want)
		}
	}
	config := Config{Data: data}
	if got := config.NATSURL(); got != "nats://127.0.0.1:4222" {
		t.Errorf("the URL of an embedded server is %s", got)
	}
	if config.folder(true) != "data" || config.folder(false) != "data" {
		t.Errorf("the folders are %q and %q", config.folder(true), config.folder(false))
	}
	config.NATS.URL, config.Store.URL = "nats://nats.example", "postgres://db/news"
	if config.NATSURL() != "nats://nats.example" || config.folder(false) != "" {
		t.Errorf("the URL is %s, and the folder %q", config.NATSURL(), config.folder(false))
	}
	for _, c := range []struct {
		dir, nats, store string
		valid            bool
	}{
		{"data", "", "", true}, {"", "nats://a", "postgres://b", true}, {"", "nats://a", "", false},
		{"", "", "postgres://b", false}, {"", "", "", false},
	} {
		config := Config{Data: DataConfig{Dir: c.dir}}
		config.NATS.URL, config.Store.URL = c.nats, c.store
		if err := config.Validate(); (err == nil) != c.valid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestFreeSpace has limits that the disk keeps and that it cannot keep.
func TestFreeSpace(t *testing.T) {
	dir := t.TempDir()
	for free, want := range map[int64]string{0: "", 1: "", 1 << 62: "make room and start again"} {
		err := Config{Data: DataConfig{Dir: dir, MinFree: free}}.checkDisk()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("with at least %d bytes: %v, want %q", free, err, want)
		}
	}
	absent := Config{Data: DataConfig{Dir: filepath.Join(dir, "absent")}}
	if err := absent.checkDisk(); err == nil || !strings.Contains(err.Error(), "reading the free space") {
		t.Errorf("an absent folder: %v", err)
	}
}

// embedded returns a configuration on a folder, which it names.
func embedded(dir string) Config {
	config := DefaultConfig()
	config.Data.Dir, config.Data.MinFree, config.Data.Relaxed = dir, 0, true
	return config
}

// TestBuses attaches to a pipeline that runs, and opens the folder of one that does not.
func TestBuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	config := embedded(dir)
	if _, err := OpenBus(t.Context(), config, quiet); !errors.Is(err, ErrNoFolder) {
		t.Errorf("without a folder: %v, want %v", err, ErrNoFolder)
	}
	if _, err := Attach(t.Context(), config, quiet); !errors.Is(err, ErrNotRunning) {
		t.Errorf("without a pipeline: %v, want %v", err, ErrNotRunning)
	}
	running, err := openDeclared(t.Context(), config, natstest.FreeAddr(t), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if !running.Embedded() || running.password == "" || running.health(t.Context()) != nil {
		t.Errorf("the bus is %+v", running)
	}
	for name, open := range map[string]func() (*Bus, error){
		"attached": func() (*Bus, error) { return Attach(t.Context(), config, quiet) },
		"opened":   func() (*Bus, error) { return OpenBus(t.Context(), config, quiet) },
	} {
		bus, err := open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bus.JS.Stream(t.Context(), subject.StreamPages); err != nil || bus.Embedded() ||
			bus.URL() != running.URL() || strings.Contains(bus.URL(), "@") || bus.health(t.Context()) != nil {
			t.Errorf("%s: the bus at %s, %v; want that at %s", name, bus.URL(), err, running.URL())
		}
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	silent, err := openDeclared(t.Context(), config, "", quiet) // which no other process can reach
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBus(t.Context(), config, quiet); !errors.Is(err, errInUse) {
		t.Errorf("a folder in use without a server: %v, want %v", err, errInUse)
	}
	if err := silent.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(addressFile(dir), "x"), "")
	if _, err := Attach(t.Context(), config, quiet); err == nil || !strings.Contains(err.Error(), "reading the address") {
		t.Errorf("an address that cannot be read: %v", err)
	}
}

// TestBusesThatCannotBeOpened has each step of opening an embedded server fail. Its folder is free afterwards.
func TestBusesThatCannotBeOpened(t *testing.T) {
	for name, spoil := range map[string]func(*Config) (addr string){
		"no space":    func(c *Config) string { c.Data.MinFree = 1 << 62; return "" },
		"no password": func(c *Config) string { write(t, c.Data.Dir+"/nats.password/x", ""); return "127.0.0.1:0" },
		"no server":   func(c *Config) string { write(t, c.Data.Dir+"/nats", ""); return "" },
		"no address":  func(c *Config) string { write(t, c.Data.Dir+"/nats.url/x", ""); return "127.0.0.1:0" },
	} {
		config := embedded(t.TempDir())
		addr := spoil(&config)
		if bus, err := OpenBare(t.Context(), config, addr, quiet); err == nil || bus != nil {
			t.Errorf("%s: opened %v, %v", name, bus, err)
			continue
		}
		if err := os.RemoveAll(filepath.Join(config.Data.Dir, "nats.url")); err != nil {
			t.Fatal(err)
		}
		f, err := openFolder(config.Data.Dir)
		if err != nil {
			t.Errorf("%s: the folder is still in use: %v", name, err)
			continue
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
	external := embedded(t.TempDir())
	external.NATS.URL, external.NATS.Wait = "nats://"+natstest.FreeAddr(t), 1
	if _, err := openDeclared(t.Context(), external, "", quiet); err == nil {
		t.Error("a server that is not there is opened")
	}
	if _, err := Attach(t.Context(), external, quiet); err == nil {
		t.Error("attached to a server that is not there")
	}
}

// The archive and its spool are where the configuration says.
func TestPlacesOfTheArchive(t *testing.T) {
	t.Parallel()
	config := embedded(t.TempDir())
	if archive, err := config.Archive(); archive != nil || err != nil {
		t.Errorf("without an archive: %v, %v", archive, err)
	}
	if config.limits().Archive {
		t.Error("without an archive, a consumer is declared for it")
	}
	config.Archiver.Dir = filepath.Join(config.Data.Dir, "archive")
	archive, err := config.Archive()
	if err != nil || archive == nil || !config.limits().Archive {
		t.Errorf("the archive is %v, %v", archive, err)
	}
	archive.Close()
}
