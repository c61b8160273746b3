// Package natsembed runs a NATS server with JetStream in the process, for the
// all-in-one command and for tests.
package natsembed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// MaxPayload is the maximum size of a message in bytes.
const MaxPayload = 8 << 20

// Name is the name of the server, and User that of its user if it has a password.
const (
	Name = "dateline"
	User = "dateline"
)

// startTimeout bounds the wait for the server to accept connections, after it has
// loaded its streams.
const startTimeout = 30 * time.Second

// largeHeap is a size of the heap in bytes from which unused memory is released after the start.
const largeHeap = 512 << 20

// unlimited is a number of bytes that exceeds any disk.
const unlimited = 1 << 60

// Config configures an embedded server.
type Config struct {
	// Dir is the folder of JetStream's files.
	Dir string
	// Addr is the address to listen on for clients in other processes, such as
	// 127.0.0.1:4222. Port 0 selects a free port. Empty does not listen.
	Addr string
	// Password is the password of the user User. Empty admits everybody.
	Password string
	// Relaxed lets the operating system decide when to write messages to disk.
	// This is faster, but a power failure can lose acknowledged messages.
	Relaxed bool
	// MaxStoreBytes bounds JetStream's files. 0 means no limit except the disk.
	// The server's own default is three quarters of the free space. It would
	// refuse streams whose limits add up to more, even if they never reach
	// their limits.
	MaxStoreBytes int64
}

// Server is a running embedded server.
type Server struct {
	srv *server.Server
	dir string
}

// Start runs a server and waits until it accepts connections.
func Start(config Config) (*Server, error) {
	opts := &server.Options{
		ServerName: Name,
		JetStream:  true, StoreDir: config.Dir, SyncAlways: !config.Relaxed,
		JetStreamMaxStore: cmp.Or(config.MaxStoreBytes, unlimited),
		MaxPayload:        MaxPayload,
		// If the embedded server handled signals, it would exit the process
		// before the stages have drained.
		NoSigs:     true,
		DontListen: config.Addr == "",
	}
	if config.Password != "" {
		opts.Username, opts.Password = User, config.Password
	}
	if config.Addr != "" {
		host, port, err := splitAddr(config.Addr)
		if err != nil {
			return nil, err
		}
		opts.Host, opts.Port = host, port
	}
	if err := checkFolder(config.Dir); err != nil {
		return nil, err
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("creating the embedded NATS server: %w", err)
	}
	var fatal fatalLog
	srv.SetLogger(&fatal, false, false)
	srv.Start()
	s := &Server{srv: srv, dir: config.Dir}
	if message := fatal.message(); message != "" {
		s.Stop()
		return nil, fmt.Errorf("starting the embedded NATS server on %q with the folder %s: %s",
			config.Addr, config.Dir, message)
	}
	if !srv.ReadyForConnections(startTimeout) {
		s.Stop()
		return nil, fmt.Errorf("starting the embedded NATS server on %q with the folder %s: not ready after %s; "+
			"check the free space on the disk", config.Addr, config.Dir, startTimeout)
	}
	releaseMemory()
	return s, nil
}

// releaseMemory returns the memory with which the server has read large streams. The server keeps its
// buffers in a pool, from which the garbage collector removes them at the second collection after
// their last use.
func releaseMemory() {
	var stats runtime.MemStats
	if runtime.ReadMemStats(&stats); stats.HeapSys-stats.HeapReleased < largeHeap {
		return
	}
	for range 2 {
		runtime.GC()
	}
	debug.FreeOSMemory()
}

// checkFolder checks that the folder is writable. The server's own errors would be
// unclear.
func checkFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the NATS store folder: %w; choose another, or get write permission", err)
	}
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("writing to the NATS store folder: %w; choose another, or get write permission", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// splitAddr returns the host and port of an address, and checks that the port is free.
func splitAddr(addr string) (string, int, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("parsing the NATS address %q: %w", addr, err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("parsing the NATS address %q: the port must be a number from 0 to 65535", addr)
	}
	if port == 0 {
		return host, server.RANDOM_PORT, nil
	}
	// The server itself would exit the process if the port were in use.
	probe, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", 0, fmt.Errorf("listening on the NATS address %s: it is in use, perhaps by another Dateline; "+
			"stop that program, or choose another address", addr)
	}
	if err != nil {
		return "", 0, fmt.Errorf("listening on the NATS address %s: %w", addr, err)
	}
	return host, port, probe.Close()
}

// Sync writes the directory entries of the store to disk. Otherwise a power failure
// can lose recently created streams completely, even if their messages were synced.
func (s *Server) Sync() error {
	folder, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("opening the NATS store folder: %w", err)
	}
	defer folder.Close()
	return syncFilesystem(folder)
}

// ClientURL returns the URL for clients in other processes.
func (s *Server) ClientURL() string { return s.srv.ClientURL() }

// InProcessConn returns a connection without a socket. It implements
// nats.InProcessConnProvider.
func (s *Server) InProcessConn() (net.Conn, error) { return s.srv.InProcessConn() }

// Health returns an error if a stream no longer stores messages, because writing has
// failed. The server does not try again until it is restarted.
func (s *Server) Health() error {
	if health := s.srv.Healthz(&server.HealthzOptions{}); health.Error != "" {
		return fmt.Errorf("the embedded NATS server does not store messages: make room on the disk, "+
			"and then restart this process: %s", health.Error)
	}
	return nil
}

// Stop shuts down the server and waits until it has ended. Close its clients first.
func (s *Server) Stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}
