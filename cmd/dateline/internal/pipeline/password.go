package pipeline

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/dateline-news/dateline/internal/wholefile"
)

// minPassword is the minimum length of a password in bytes, as for the tokens of the
// HTTP API.
const minPassword = 16

// Validate refuses configurations that would give everybody access to the streams.
func (c DataConfig) Validate() error {
	switch {
	case c.NATSPassword != "" && len(c.NATSPassword) < minPassword:
		return fmt.Errorf("nats-password has %d characters: use at least %d random ones, "+
			"such as the output of \"openssl rand -hex 16\"", len(c.NATSPassword), minPassword)
	case c.NATSPassword == "" && c.NATSAddr != "" && !isLoopback(c.NATSAddr):
		return fmt.Errorf("nats-addr is %s, which other machines can reach, and there is no nats-password: "+
			"set one, or use an address such as 127.0.0.1:4222", c.NATSAddr)
	}
	return nil
}

// isLoopback reports whether only this machine can reach an address.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// password returns the password for clients of the embedded server: the configured one,
// or one that is generated at the first start and kept in a file that only this user can
// read.
func (c DataConfig) password() (string, error) {
	if c.NATSPassword != "" {
		return c.NATSPassword, nil
	}
	path := filepath.Join(c.Dir, "nats.password")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("reading the NATS server's password: %w", err)
	}
	if kept := strings.TrimSpace(string(text)); kept != "" {
		return kept, nil
	}
	password := rand.Text()
	if err := wholefile.Write(path, []byte(password+"\n")); err != nil {
		return "", fmt.Errorf("keeping the NATS server's password: %w", err)
	}
	return password, nil
}
