//go:build unix

// Package postgrestest runs a real PostgreSQL server for the tests of a
// package: private, in a temporary folder, reachable through a Unix socket in
// that folder alone, and gone when the tests have ended.
package postgrestest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// SkipVariable is the environment variable that, set to 1, lets tests be
// skipped on a machine without PostgreSQL. Otherwise they fail there, so that
// nobody takes untested code for tested.
const SkipVariable = "DATELINE_TEST_NO_POSTGRES"

const (
	startLimit = 60 * time.Second
	stopLimit  = 20 * time.Second
)

// shared is the server of the test binary, started when first asked for.
var shared struct {
	sync.Mutex
	server    *server
	databases int
	err       error
}

// Main runs a package's tests and stops the server that they started. It
// returns the exit code for os.Exit; check is called after tests that passed,
// and its error makes them fail.
func Main(m *testing.M, check func() error) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		if err := shared.server.stop(); err != nil {
			fmt.Fprintf(os.Stderr, "stopping PostgreSQL: %v\n", err)
			code = max(code, 1)
		}
	}
	if code != 0 {
		return code
	}
	if err := check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Database creates an empty database and returns its URL. The server runs
// without fsync: it is for tests of what is stored, not of durability. The
// package's TestMain has to call Main.
func Database(t testing.TB) string {
	t.Helper()
	folder, err := binaries(debianFolder)
	if err != nil {
		if os.Getenv(SkipVariable) == "1" {
			t.Skipf("skipped because %s=1: %v", SkipVariable, err)
		}
		t.Fatalf("%v; install PostgreSQL 15 or later, or set %s=1 to skip the tests that need it", err, SkipVariable)
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start(folder)
	}
	if shared.err != nil {
		t.Fatalf("starting PostgreSQL: %v", shared.err)
	}
	shared.databases++
	name := "test" + strconv.Itoa(shared.databases)
	if err := shared.server.execute(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("creating the database %s: %v", name, err)
	}
	return shared.server.url(name)
}

// debianFolder is below which Debian's packages put the programs of each version.
const debianFolder = "/usr/lib/postgresql"

// binaries returns the folder of PostgreSQL's server programs: the one in
// PATH, or else that of the newest version which Debian's packages installed.
func binaries(debian string) (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	found, err := filepath.Glob(debian + "/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("PostgreSQL's initdb is neither in PATH nor below %s", debian)
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return majorOf(a) - majorOf(b) })
	return filepath.Dir(newest), nil
}

func majorOf(initdb string) int {
	major, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return major
}

type server struct {
	folder  string
	command *exec.Cmd
	ended   chan error // what the process ended with
}

func start(binaries string) (_ *server, err error) {
	// The path of a Unix socket may have 107 bytes, too few for the folders
	// that tests are given.
	folder, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	identity, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	initdb := exec.Command(filepath.Join(binaries, "initdb"), "-D", data, "-A", "trust", "-U", "postgres",
		"-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = folder, &syscall.SysProcAttr{Credential: identity}
	if output, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running initdb: %w\n%s", err, output)
	}
	s := &server{folder: folder, ended: make(chan error, 1)}
	s.command = exec.Command(filepath.Join(binaries, "postgres"), "-D", data, "-k", folder,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	s.command.Dir = folder
	s.command.SysProcAttr = attributes(identity)
	var log bytes.Buffer
	s.command.Stdout, s.command.Stderr = &log, &log
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.command.Wait() }()
	if err := s.awaitStart(); err != nil {
		return nil, errors.Join(err, s.stop(), errors.New(log.String()))
	}
	return s, nil
}

// unprivileged returns an identity for the server, which refuses to run as
// root, and gives it the folder; nil where the tests themselves have one.
func unprivileged(folder string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		if account, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("finding an account to run PostgreSQL with instead of root: %w", err)
		}
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the id of the account %s: %w", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the group of the account %s: %w", account.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(folder, int(uid), int(gid))
}

// awaitStart returns once the server answers.
func (s *server) awaitStart() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		err := s.execute(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case end := <-s.ended:
			s.ended <- end
			return fmt.Errorf("the server ended at once: %w", errors.Join(end, err))
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer after %s: %w", startLimit, err)
		case <-poll.C:
		}
	}
}

func (s *server) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.folder}, "user": {"postgres"}}.Encode()
}

func (s *server) execute(ctx context.Context, statement string) (err error) {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// stop ends the server as its manual asks for a fast shutdown (SIGINT), and
// removes its folder.
func (s *server) stop() error {
	_ = s.command.Process.Signal(syscall.SIGINT)
	select {
	case <-s.ended:
	case <-time.After(stopLimit):
		_ = s.command.Process.Kill()
		<-s.ended
	}
	return os.RemoveAll(s.folder)
}
