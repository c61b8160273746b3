package web

import (
	"errors"
	"fmt"
	"net"
)

// Config configures the web server.
type Config struct {
	Addr         string `doc:"Address of the web page and the API. Empty means none. An address that other machines can reach requires a read token."`
	ReadToken    string `doc:"Token required for reading: a random text of at least 16 characters. Empty means that no token is required."`
	OperateToken string `doc:"Token required for every change: requeueing and removing dead letters, erasing articles, saving searches and managing sources. It also allows reading. Empty means that only tokens of the store (dateline token) allow changes."`
	Pictures     bool   `doc:"Whether readers can see the pictures of articles, and thumbnails of them in lists. This server gets them from the sites and keeps them in memory, up to 64 MiB. It connects only to public addresses. Without it, no pictures are shown."`
}

// DefaultConfig serves only this machine.
func DefaultConfig() Config { return Config{Addr: "127.0.0.1:8080", Pictures: true} }

// minToken is the minimum length of a token in bytes: 16 random letters and
// digits have more than 80 bits of entropy.
const minToken = 16

// Validate refuses configurations that would give everybody access.
func (c Config) Validate() error {
	var problems []error
	for name, token := range map[string]string{"read-token": c.ReadToken, "operate-token": c.OperateToken} {
		if token != "" && len(token) < minToken {
			problems = append(problems, fmt.Errorf("%s has %d characters: use at least %d random ones, "+
				"such as the output of \"openssl rand -hex 16\"", name, len(token), minToken))
		}
	}
	if c.ReadToken != "" && c.ReadToken == c.OperateToken {
		problems = append(problems, errors.New("read-token and operate-token are the same: every reader could erase"))
	}
	if c.Addr != "" && c.ReadToken == "" && !isLoopback(c.Addr) {
		problems = append(problems,
			fmt.Errorf("addr is %s, which other machines can reach, and there is no read-token: "+
				"set one, or use an address such as 127.0.0.1:8080", c.Addr))
	}
	return errors.Join(problems...)
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
