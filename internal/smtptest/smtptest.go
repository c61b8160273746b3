// Package smtptest runs SMTP servers for tests.
package smtptest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Password is the password of every user of a Server.
const Password = "s3cret"

// maxLetter is the maximum size of an e-mail in bytes.
const maxLetter = 1 << 20

// Server is an SMTP server on loopback that keeps the e-mails that it accepts. It knows no recipients nobody@….
type Server struct {
	// Addr is the address of the server, with its port.
	Addr string

	mu       sync.Mutex
	letters  []Letter
	refusals []error
}

// Letter is an e-mail that was accepted.
type Letter struct {
	From string
	// User is who has logged in, or empty.
	User string
	To   []string
	// Encrypted reports whether the connection was encrypted.
	Encrypted bool
	Text      string
}

// Start runs a server until the test ends. Without a configuration for TLS, it offers no encryption. With one,
// connections are encrypted from the start if implicit is true, and otherwise by STARTTLS.
func Start(tb testing.TB, secure *tls.Config, implicit bool) *Server {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Addr: listener.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	server.Domain, server.MaxMessageBytes, server.ErrorLog = "localhost", maxLetter, discard{}
	if implicit {
		listener = tls.NewListener(listener, secure)
	} else {
		server.TLSConfig = secure
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with an error when it is closed
	}()
	tb.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return s
}

// Refuse has the next e-mails refused at their end, each with one of the errors.
func (s *Server) Refuse(errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = errs
}

// Letters returns the e-mails that were accepted so far.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

func (s *Server) accept(one Letter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refusals) > 0 {
		err := s.refusals[0]
		s.refusals = s.refusals[1:]
		return err
	}
	s.letters = append(s.letters, one)
	return nil
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

// session is a connection of a client.
type session struct {
	server *Server
	conn   *smtp.Conn
	letter Letter
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != Password {
			return errors.New("wrong password")
		}
		s.letter.User = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.letter.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, Message: "no such user"}
	}
	s.letter.To = append(s.letter.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.letter.Text = string(text)
	_, s.letter.Encrypted = s.conn.TLSConnectionState()
	return s.server.accept(s.letter)
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }
