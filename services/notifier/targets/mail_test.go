package targets

import (
	"bufio"
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

	"github.com/emersion/go-smtp"

	"github.com/dateline-news/dateline/internal/certtest"
	"github.com/dateline-news/dateline/internal/smtptest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// startSMTP starts a server, and returns it with the configuration for it.
func startSMTP(t *testing.T, security string) (*smtptest.Server, SMTPConfig) {
	t.Helper()
	authority := certtest.New(t)
	pair := authority.Issue(t, "smtp", time.Now().Add(time.Hour)).Load(t)
	secure := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if security == SecurityNone {
		secure = nil
	}
	server := smtptest.Start(t, secure, security == SecurityTLS)
	return server, SMTPConfig{
		Server: server.Addr, From: "news@example.com", User: "dateline", Password: smtptest.Password,
		Security: security, CA: authority.File,
	}
}

func sendMail(t *testing.T, config SMTPConfig, to string, items ...Item) Outcome {
	t.Helper()
	all, err := New(Config{Timeout: 30 * time.Second, SMTP: config}, Dependencies{})
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
func parts(t *testing.T, text string) (netmail.Header, map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
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
		server, config := startSMTP(t, security)
		items := []Item{itemOf("a", hostile), itemOf("b", "Second")}
		for range 2 { // a repetition
			outcome := sendMail(t, config, "mailto:desk@example.com,night@example.com", items...)
			if outcome.Result != Delivered {
				t.Fatalf("%s: %+v", security, outcome)
			}
		}
		if outcome := sendMail(t, config, "mailto:desk@example.com", items[0]); outcome.Result != Delivered {
			t.Fatal(outcome)
		}
		got := server.Letters()
		if len(got) != 3 {
			t.Fatalf("%s: %d e-mails", security, len(got))
		}
		one := got[0]
		if one.From != "news@example.com" || strings.Join(one.To, " ") != "desk@example.com night@example.com" ||
			one.User != "dateline" || !one.Encrypted {
			t.Errorf("%s: sent from %s to %v by %q, encrypted: %t", security, one.From, one.To, one.User, one.Encrypted)
		}
		header, found := parts(t, one.Text)
		repeated, _ := parts(t, got[1].Text)
		single, _ := parts(t, got[2].Text)
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
	server, config := startSMTP(t, SecurityStartTLS)
	server.Refuse(&smtp.SMTPError{Code: 451, Message: "later"}, &smtp.SMTPError{Code: 554, Message: "spam"})
	for i, want := range []Result{Retry, Failed, Delivered} {
		if outcome := sendMail(t, config, "mailto:desk@example.com", itemOf("a", "A")); outcome.Result != want {
			t.Errorf("attempt %d: %+v, want %d", i+1, outcome, want)
		}
	}
	if outcome := sendMail(t, config, "mailto:nobody@example.com", itemOf("a", "A")); outcome.Result != Retry ||
		outcome.Status != 550 {
		t.Errorf("an unknown recipient gives %+v, want a retry", outcome)
	}
	before := len(server.Letters())
	for name, change := range map[string]func(*SMTPConfig){
		"unknown authority": func(c *SMTPConfig) { c.CA = "" },
		"wrong password":    func(c *SMTPConfig) { c.Password = "wrong" },
		"no server":         func(c *SMTPConfig) { c.Server = "" },
		"no certificates":   func(c *SMTPConfig) { c.CA = "/dev/null" },
		"not encrypted":     func(c *SMTPConfig) { c.Server = smtptest.Start(t, nil, false).Addr },
	} {
		other := config
		change(&other)
		outcome := sendMail(t, other, "mailto:desk@example.com", itemOf("a", "A"))
		if outcome.Result != Retry || outcome.Detail == "" || strings.Contains(outcome.Detail, smtptest.Password) {
			t.Errorf("%s: %+v, want a failure that tells no password", name, outcome)
		}
	}
	if len(server.Letters()) != before {
		t.Error("an e-mail was sent to a server that cannot be trusted")
	}
}

// TestMailBeforeTheConnectionIsLost has a server that closes the connection after it has accepted an e-mail. Sending it
// again would deliver it twice.
func TestMailBeforeTheConnectionIsLost(t *testing.T) {
	server := smtptest.Start(t, nil, false)
	config := SMTPConfig{Server: closingProxy(t, server.Addr), From: "news@example.com", Security: SecurityNone}
	if outcome := sendMail(t, config, "mailto:desk@example.com", itemOf("a", "A")); outcome.Result != Delivered {
		t.Errorf("the e-mail that was accepted counts as %+v", outcome)
	}
	if n := len(server.Letters()); n != 1 {
		t.Errorf("the server has %d e-mails, want 1", n)
	}
}

// closingProxy returns the address of a proxy of an SMTP server. It closes its connection after an e-mail was accepted.
func closingProxy(t *testing.T, server string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		serving.Go(func() { _, _ = io.Copy(conn, client) }) // until both are closed
		answers := bufio.NewReader(conn)
		for isText := false; ; {
			line, err := answers.ReadString('\n')
			if err == nil {
				_, err = io.WriteString(client, line)
			}
			if err != nil || isText && strings.HasPrefix(line, "250 ") {
				return
			}
			isText = isText || strings.HasPrefix(line, "354 ")
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
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
