// Package natsembed runs a NATS server with JetStream inside the process: for
// the all-in-one, and for tests.
package natsembed

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// MaxPayload is the largest message, in bytes.
const MaxPayload = 8 << 20

// startTimeout bounds the wait for the server to answer, after its streams have
// been read.
const startTimeout = 30 * time.Second

// noBound is more than any disk has, in bytes.
const noBound = 1 << 60

// Config of an embedded server.
type Config struct {
	// Dir is where JetStream keeps its files.
	Dir string
	// Addr is the address to listen on for clients of other processes, such
	// as 127.0.0.1:4222; port 0 takes a free one, "" listens nowhere.
	Addr string
	// Relaxed lets the operating system decide when messages reach the disk:
	// faster, and a power cut can lose what was acknowledged.
	Relaxed bool
	// MaxStoreBytes bounds JetStream's files; 0 means no bound but the disk.
	// (The server's own default, three quarters of what is free, refuses
	// streams whose limits add up to more, though they may never be reached.)
	MaxStoreBytes int64
}

// Server is a running embedded server.
type Server struct {
	srv *server.Server
	dir string
}

// Start runs a server and waits until it answers.
func Start(config Config) (*Server, error) {
	opts := &server.Options{
		ServerName: "dateline",
		JetStream:  true, StoreDir: config.Dir, SyncAlways: !config.Relaxed,
		JetStreamMaxStore: cmp.Or(config.MaxStoreBytes, noBound),
		MaxPayload:        MaxPayload,
		// An embedded server that traps signals exits the process before
		// anything has drained.
		NoSigs:     true,
		DontListen: config.Addr == "",
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
		return nil, fmt.Errorf("preparing the embedded NATS server: %w", err)
	}
	var last complaints
	srv.SetLogger(&last, false, false)
	srv.Start()
	s := &Server{srv: srv, dir: config.Dir}
	if text := last.fatal(); text != "" {
		s.Stop()
		return nil, fmt.Errorf("starting the embedded NATS server on %q with the folder %s: %s", config.Addr, config.Dir, text)
	}
	if !srv.ReadyForConnections(startTimeout) {
		s.Stop()
		return nil, fmt.Errorf("the embedded NATS server did not come up on %q with the folder %s within %s: see whether the disk has room", config.Addr, config.Dir, startTimeout)
	}
	return s, nil
}

// checkFolder says clearly what the server would only stumble over.
func checkFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making the NATS store folder: %w: choose another, or have its owner let you write to it", err)
	}
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("writing to the NATS store folder: %w: choose another, or have its owner let you write to it", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func splitAddr(addr string) (string, int, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("reading the NATS address %q: %w", addr, err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("reading the NATS address %q: the port must be a number from 0 to 65535", addr)
	}
	if port == 0 {
		return host, server.RANDOM_PORT, nil
	}
	// The server itself would end the process over a port in use.
	probe, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", 0, fmt.Errorf("the NATS address %s is in use, perhaps by another Dateline: stop that, or choose another address", addr)
	}
	if err != nil {
		return "", 0, fmt.Errorf("listening on the NATS address %s: %w", addr, err)
	}
	return host, port, probe.Close()
}

// Sync puts the directory entries of the store on disk. Streams that were just
// created can otherwise vanish whole in a power cut, whatever is synced in them.
func (s *Server) Sync() error {
	folder, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("opening the NATS store folder: %w", err)
	}
	defer folder.Close()
	return syncFilesystem(folder)
}

// ClientURL is where clients of other processes connect.
func (s *Server) ClientURL() string { return s.srv.ClientURL() }

// InProcessConn gives nats.InProcessServer a connection without a socket.
func (s *Server) InProcessConn() (net.Conn, error) { return s.srv.InProcessConn() }

// Stop shuts the server down and waits for its end. Stop what uses it first.
func (s *Server) Stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}
