//go:build unix

// Package postgrestest runs a real PostgreSQL server for the tests of a package. The
// server stores its data in a temporary folder and only listens on a Unix socket in
// that folder. It is removed when the tests have ended. A server for tests of encrypted
// connections listens on 127.0.0.1 too.
package postgrestest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/dateline-news/dateline/internal/certtest"
)

// SkipVariable is an environment variable. If it is 1, tests are skipped on a machine
// without PostgreSQL. Otherwise they fail there, so that nobody takes untested code
// for tested.
const SkipVariable = "DATELINE_TEST_NO_POSTGRES"

const (
	// startTimeout bounds the wait for the server to start, and stopTimeout for
	// it to stop before it is killed. They only matter if the server hangs.
	startTimeout = 5 * time.Minute
	stopTimeout  = time.Minute
	// pollInterval is the time between two attempts to connect.
	pollInterval = 50 * time.Millisecond
)

// shared is the server of the test binary, which is started on first use.
var shared struct {
	sync.Mutex
	server    *server
	databases int
	err       error
}

// Main runs a package's tests, stops the server that they started, and returns the
// exit code for os.Exit. If the tests pass, it calls check. An error of check makes
// the tests fail.
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

// Database creates an empty database and returns its URL. The package's TestMain must
// call Main. The server runs without fsync, so it is not suitable for tests of
// durability.
func Database(tb testing.TB) string {
	tb.Helper()
	return create(tb, "")
}

// Copy creates a copy of a database that Database created, and returns its URL. Nobody may
// be connected to the original.
func Copy(tb testing.TB, original string) string {
	tb.Helper()
	source, err := url.Parse(original)
	if err != nil {
		tb.Fatal(err)
	}
	return create(tb, " STRATEGY FILE_COPY TEMPLATE "+strings.TrimPrefix(source.Path, "/"))
}

// create creates a database with options of CREATE DATABASE.
func create(tb testing.TB, options string) string {
	tb.Helper()
	folder := programs(tb)
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start(folder, map[string]string{"listen_addresses": ""}, nil)
	}
	if shared.err != nil {
		tb.Fatalf("starting PostgreSQL: %v", shared.err)
	}
	shared.databases++
	name := "test" + strconv.Itoa(shared.databases)
	if err := shared.server.execute(tb.Context(), "CREATE DATABASE "+name+options); err != nil {
		tb.Fatalf("creating database %s: %v", name, err)
	}
	return shared.server.url(name)
}

// Durable starts a server of the test's own that syncs its commits, with the settings of PostgreSQL
// for durability, and returns the URL of an empty database.
func Durable(tb testing.TB) string {
	tb.Helper()
	s, err := start(programs(tb), map[string]string{
		"listen_addresses": "", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
	}, nil)
	if err != nil {
		tb.Fatalf("starting PostgreSQL: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.stop(); err != nil {
			tb.Error(err)
		}
	})
	return s.url("postgres")
}

// Encrypted starts a server of the test's own on 127.0.0.1, which authenticates users
// only by certificates of the authority. It returns the URL of an empty database for the
// user postgres, without the client's certificate (sslcert and sslkey).
func Encrypted(tb testing.TB, authority *certtest.Authority) string {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil { // PostgreSQL cannot select a free port itself
		tb.Fatal(err)
	}
	own := authority.Issue(tb, "server", time.Now().Add(time.Hour))
	s, err := start(programs(tb), map[string]string{
		"listen_addresses": addr.IP.String(), "port": strconv.Itoa(addr.Port), "ssl": "on", "hba_file": "data/access.conf",
		"ssl_ca_file": "ca.pem", "ssl_cert_file": "certificate.pem", "ssl_key_file": "key.pem",
	}, map[string][]byte{
		"access.conf": []byte("local all postgres trust\nhostssl all postgres 127.0.0.1/32 cert\n"),
		"ca.pem":      read(tb, authority.File), "certificate.pem": read(tb, own.Certificate), "key.pem": read(tb, own.Key),
	})
	if err != nil {
		tb.Fatalf("starting PostgreSQL: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.stop(); err != nil {
			tb.Error(err)
		}
	})
	return "postgres://postgres@" + addr.String() + "/postgres?" +
		url.Values{"sslmode": {"verify-full"}, "sslrootcert": {authority.File}}.Encode()
}

func read(tb testing.TB, path string) []byte {
	tb.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return content
}

// programs returns the folder of PostgreSQL's server programs.
func programs(tb testing.TB) string {
	tb.Helper()
	folder, err := binaries(debianFolder)
	if err != nil {
		if os.Getenv(SkipVariable) == "1" {
			tb.Skipf("skipped because %s=1: %v", SkipVariable, err)
		}
		tb.Fatalf("%v; install PostgreSQL 15 or later, or set %s=1 to skip the tests that need it", err, SkipVariable)
	}
	return folder
}

// debianFolder is the folder in which Debian's packages install each version.
const debianFolder = "/usr/lib/postgresql"

// binaries returns the folder of PostgreSQL's server programs: the one in PATH, or
// otherwise that of the newest version in the folder of Debian's packages.
func binaries(debian string) (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	found, err := filepath.Glob(debian + "/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("finding PostgreSQL: initdb is neither in PATH nor below %s", debian)
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return majorVersion(a) - majorVersion(b) })
	return filepath.Dir(newest), nil
}

// majorVersion returns the version in a path such as /usr/lib/postgresql/17/bin/initdb.
func majorVersion(initdb string) int {
	major, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return major
}

type server struct {
	folder, data string
	port         string // empty: PostgreSQL's own
	program      string
	arguments    []string
	identity     *syscall.Credential
	command      *exec.Cmd
	ended        chan struct{} // closed when the process has ended
	exit         error         // the result of the process, once it has ended
}

// start creates a database cluster and runs a server on it, with further settings. It
// writes the files into the folder of the cluster first.
func start(binaries string, settings map[string]string, files map[string][]byte) (*server, error) {
	return startOn(binaries, settings, func(s *server) error {
		err := s.createCluster(filepath.Join(binaries, "initdb"),
			"-D", s.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
		for name, content := range files {
			err = errors.Join(err, writeFor(s.identity, filepath.Join(s.data, name), content))
		}
		return err
	})
}

// startOn runs a server on the cluster that createData creates in the server's data folder.
func startOn(binaries string, settings map[string]string, createData func(*server) error) (_ *server, err error) {
	// The path of a Unix socket is limited to 107 bytes, which the folders of
	// testing.TB exceed.
	folder, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	s := &server{
		folder: folder, data: filepath.Join(folder, "data"), port: settings["port"],
		program: filepath.Join(binaries, "postgres"),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	if s.identity, err = unprivileged(folder); err != nil {
		return nil, err
	}
	if err := createData(s); err != nil {
		return nil, err
	}
	s.arguments = []string{
		"-D", s.data, "-k", folder, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off",
	}
	for name, value := range settings {
		s.arguments = append(s.arguments, "-c", name+"="+value)
	}
	return s, s.run()
}

// createCluster runs a program that creates the cluster.
func (s *server) createCluster(program string, arguments ...string) error {
	command := exec.CommandContext(context.Background(), program, arguments...)
	command.Dir, command.SysProcAttr = s.folder, &syscall.SysProcAttr{Credential: s.identity}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w\n%s", filepath.Base(program), err, output)
	}
	return nil
}

// run starts the process and waits until it answers. If it fails, the folder is removed.
func (s *server) run() error {
	s.ended = make(chan struct{})
	s.command = exec.CommandContext(context.Background(), s.program, s.arguments...)
	s.command.Dir, s.command.SysProcAttr = s.folder, attributes(s.identity)
	var log bytes.Buffer
	s.command.Stdout, s.command.Stderr = &log, &log
	if err := s.command.Start(); err != nil {
		return err
	}
	go func() {
		s.exit = s.command.Wait()
		close(s.ended)
	}()
	if err := s.awaitStart(); err != nil {
		return errors.Join(err, s.stop(), errors.New(log.String()))
	}
	return nil
}

// unprivileged returns an identity for the server, which refuses to run as root, and
// makes it the owner of the folder. It returns nil if the tests do not run as root.
func unprivileged(folder string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		if account, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("finding an account to run PostgreSQL as, instead of root: %w", err)
		}
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("parsing user id of account %s: %w", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("parsing group id of account %s: %w", account.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(folder, int(uid), int(gid))
}

// writeFor writes a file that only the server's account may read.
func writeFor(identity *syscall.Credential, path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil || identity == nil {
		return err
	}
	return os.Chown(path, int(identity.Uid), int(identity.Gid))
}

// awaitStart waits until the server answers.
func (s *server) awaitStart() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		err := s.execute(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server exited while starting: %w", errors.Join(s.exit, err))
		case <-ctx.Done():
			return fmt.Errorf("the server did not answer within %s: %w", startTimeout, err)
		case <-poll.C:
		}
	}
}

func (s *server) url(database string) string {
	values := url.Values{"host": {s.folder}, "user": {"postgres"}}
	if s.port != "" {
		values.Set("port", s.port)
	}
	return "postgres:///" + database + "?" + values.Encode()
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

// abort ends the server at once (SIGQUIT), without a checkpoint. Unlike SIGKILL, it also ends the
// processes of the connections.
func (s *server) abort() error {
	if err := s.command.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	<-s.ended
	return nil
}

// stop ends the server with a fast shutdown (SIGINT) and removes its folder.
func (s *server) stop() error {
	_ = s.command.Process.Signal(syscall.SIGINT)
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		_ = s.command.Process.Kill()
		<-s.ended
	}
	return os.RemoveAll(s.folder)
}
