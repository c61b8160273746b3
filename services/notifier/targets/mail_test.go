package targets

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/dateline-news/dateline/internal/certtest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// postOffice is an SMTP server that keeps what it accepts.
type postOffice struct {
	config SMTPConfig

	mu       sync.Mutex
	got      []letter
	refusals []error // of the next e-mails, at their end
}

type letter struct {
	from, user string
	to         []string
	encrypted  bool
	text       []byte
}

func newPostOffice(t *testing.T, security string) *postOffice {
	t.Helper()
	authority := certtest.New(t)
	pair := authority.Issue(t, "smtp", time.Now().Add(time.Hour)).Load(t)
	secure := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	office := &postOffice{}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{office: office, conn: c}, nil
	}))
	server.Domain, server.MaxMessageBytes, server.ErrorLog = "localhost", 1<<20, discard{}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	office.config = SMTPConfig{
		Server: listener.Addr().String(), From: "news@example.com", User: "dateline", Password: "s3cret",
		Security: security, CA: authority.File,
	}
	switch security {
	case SecurityStartTLS:
		server.TLSConfig = secure
	case SecurityTLS:
		listener = tls.NewListener(listener, secure)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with an error when it is closed
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return office
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

type session struct {
	office *postOffice
	conn   *smtp.Conn
	letter letter
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "s3cret" {
			return errors.New("wrong password")
		}
		s.letter.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.letter.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, Message: "no such user"}
	}
	s.letter.to = append(s.letter.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if len(s.office.refusals) > 0 {
		err, s.office.refusals = s.office.refusals[0], s.office.refusals[1:]
		return err
	}
	s.letter.text = text
	_, s.letter.encrypted = s.conn.TLSConnectionState()
	s.office.got = append(s.office.got, s.letter)
	return nil
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

func (o *postOffice) send(t *testing.T, to string, items ...Item) Outcome {
	t.Helper()
	all, err := New(Config{Timeout: 30 * time.Second, SMTP: o.config}, Dependencies{})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	s := subscriptions.Subscription{ID: "abc", Spec: subscriptions.Spec{Name: "harbour", To: to}}
	target, err := all.Of(s.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return target.Send(t.Context(), s, items)[0]
}

func itemOf(id, title string) Item {
	return Item{Event: forms.Event{
		ID: id, Type: forms.TypeNew, Time: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), ArticleID: id, Revision: 1,
		Article: &datelinev1.Article{
			Id: id, Title: title, Summary: "Summary of " + title, SiteName: "The Example",
			CanonicalUrl: "https://example.com/" + id,
		},
	}}
}

// parts returns the header and the parts of an e-mail, by their type.
func parts(t *testing.T, text []byte) (netmail.Header, map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the e-mail has the type %s, %v", kind, err)
	}
	found := map[string]string{}
	for reader := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, found
		}
		if err != nil {
			t.Fatal(err)
		}
		if part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("a part has the encoding %q", part.Header.Get("Content-Transfer-Encoding"))
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		found[kind] = string(body)
	}
}

// TestMail sends a digest of hostile articles through a real SMTP server, with each kind of encryption.
func TestMail(t *testing.T) {
	hostile := "Ferry\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script> ناو"
	for _, security := range []string{SecurityStartTLS, SecurityTLS} {
		office := newPostOffice(t, security)
		items := []Item{itemOf("a", hostile), itemOf("b", "Second")}
		for range 2 { // a repetition
			if outcome := office.send(t, "mailto:desk@example.com,night@example.com", items...); outcome.Result != Delivered {
				t.Fatalf("%s: %+v", security, outcome)
			}
		}
		if outcome := office.send(t, "mailto:desk@example.com", items[0]); outcome.Result != Delivered {
			t.Fatal(outcome)
		}
		if len(office.got) != 3 {
			t.Fatalf("%s: %d e-mails", security, len(office.got))
		}
		one := office.got[0]
		if one.from != "news@example.com" || strings.Join(one.to, " ") != "desk@example.com night@example.com" ||
			one.user != "dateline" || !one.encrypted {
			t.Errorf("%s: sent from %s to %v by %q, encrypted: %t", security, one.from, one.to, one.user, one.encrypted)
		}
		header, found := parts(t, one.text)
		repeated, _ := parts(t, office.got[1].text)
		single, _ := parts(t, office.got[2].text)
		subject, err := new(mime.WordDecoder).DecodeHeader(single.Get("Subject"))
		if err != nil || subject != "Ferry Bcc: victim@example.com <script>alert(1)</script> ناو" {
			t.Errorf("the subject is %q, %v", subject, err)
		}
		if header.Get("Bcc") != "" || single.Get("Bcc") != "" || header.Get("Subject") != "harbour: 2 articles" ||
			header.Get("List-Unsubscribe") != "<mailto:news@example.com?subject=unsubscribe%20abc>" ||
			header.Get("Message-ID") != repeated.Get("Message-ID") || header.Get("Message-ID") == single.Get("Message-ID") ||
			!strings.HasSuffix(header.Get("Message-ID"), "@example.com>") || header.Get("Auto-Submitted") == "" {
			t.Errorf("%s: the headers are %v", security, header)
		}
		plain, rich := found["text/plain"], found["text/html"]
		if !strings.Contains(plain, "Second") || !strings.Contains(plain, "ناو") ||
			!strings.Contains(plain, "https://example.com/a") || strings.Contains(rich, "<script>") ||
			!strings.Contains(rich, `<a href="https://example.com/b">Second</a>`) || !strings.Contains(rich, "&lt;script&gt;") {
			t.Errorf("%s: the parts are\n%s\n%s", security, plain, rich)
		}
	}
}

// TestMailThatIsRefused has servers that refuse an e-mail, now or for good, and ones that cannot be trusted.
func TestMailThatIsRefused(t *testing.T) {
	office := newPostOffice(t, SecurityStartTLS)
	office.refusals = []error{
		&smtp.SMTPError{Code: 451, Message: "later"}, &smtp.SMTPError{Code: 554, Message: "spam"},
	}
	for i, want := range []Result{Retry, Failed, Delivered} {
		if outcome := office.send(t, "mailto:desk@example.com", itemOf("a", "A")); outcome.Result != want {
			t.Errorf("attempt %d: %+v, want %d", i+1, outcome, want)
		}
	}
	if outcome := office.send(t, "mailto:nobody@example.com", itemOf("a", "A")); outcome.Result != Retry ||
		outcome.Status != 550 {
		t.Errorf("an unknown recipient gives %+v, want a retry", outcome)
	}
	before := len(office.got)
	for name, change := range map[string]func(*SMTPConfig){
		"unknown authority": func(c *SMTPConfig) { c.CA = "" },
		"wrong password":    func(c *SMTPConfig) { c.Password = "wrong" },
		"no server":         func(c *SMTPConfig) { c.Server = "" },
		"no certificates":   func(c *SMTPConfig) { c.CA = "/dev/null" },
		"not encrypted":     func(c *SMTPConfig) { c.Server = newPostOffice(t, SecurityNone).config.Server },
	} {
		other := &postOffice{config: office.config}
		change(&other.config)
		outcome := other.send(t, "mailto:desk@example.com", itemOf("a", "A"))
		if outcome.Result != Retry || outcome.Detail == "" || strings.Contains(outcome.Detail, "s3cret") {
			t.Errorf("%s: %+v, want a failure that tells no password", name, outcome)
		}
	}
	if len(office.got) != before {
		t.Error("an e-mail was sent to a server that cannot be trusted")
	}
}

func TestSMTPConfig(t *testing.T) {
	valid := SMTPConfig{Server: "smtp.example.com:587", From: "news@example.com", Security: SecurityStartTLS}
	for name, change := range map[string]func(*SMTPConfig){
		"server":   func(c *SMTPConfig) { c.Server = "smtp.example.com" },
		"from":     func(c *SMTPConfig) { c.From = "News <news@example.com>" },
		"lines":    func(c *SMTPConfig) { c.From = "news@example.com\r\nBcc: x@example.com" },
		"security": func(c *SMTPConfig) { c.Security = "maybe" },
		"password": func(c *SMTPConfig) { c.Security, c.Password = SecurityNone, "x" },
	} {
		one := valid
		change(&one)
		if one.Validate() == nil {
			t.Errorf("%s: %+v is accepted", name, one)
		}
	}
	if err := errors.Join(valid.Validate(), DefaultSMTPConfig().Validate()); err != nil {
		t.Error(err)
	}
}
