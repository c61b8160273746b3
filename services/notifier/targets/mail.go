package targets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net"
	netmail "net/mail"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/dateline-news/dateline/internal/telemetry"
	"github.com/dateline-news/dateline/services/notifier/forms"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// The values of SMTPConfig.Security.
const (
	SecurityStartTLS = "starttls"
	SecurityTLS      = "tls"
	SecurityNone     = "none"
)

// SMTPConfig configures e-mails.
type SMTPConfig struct {
	Server      string `doc:"SMTP server for e-mails to subscribers, such as smtp.example.com:587. Empty means that no e-mails are sent."`
	From        string `doc:"Sender of e-mails, such as news@example.com."`
	User        string `doc:"User of the SMTP server. Empty means no login."`
	Password    string `doc:"Password of the user of the SMTP server."`
	Security    string `doc:"Encryption of the connection to the SMTP server: starttls, tls (from the start, usually on port 465), or none. Certificates are verified."`
	CA          string `doc:"File with the certificates (PEM) of the authorities that may have issued the certificate of the SMTP server. Empty means those of the system."`
	Unsubscribe string `doc:"Address in the header List-Unsubscribe of e-mails. Empty means the sender."`
}

// DefaultSMTPConfig returns the default configuration, which sends no e-mails.
func DefaultSMTPConfig() SMTPConfig { return SMTPConfig{Security: SecurityStartTLS} }

// Validate reports every setting that cannot work.
func (c SMTPConfig) Validate() error {
	var problems []error
	if !slices.Contains([]string{SecurityStartTLS, SecurityTLS, SecurityNone}, c.Security) {
		problems = append(problems, fmt.Errorf("security is %q: use starttls, tls or none", c.Security))
	}
	if c.Server == "" {
		return errors.Join(problems...)
	}
	if _, _, err := c.address(); err != nil {
		problems = append(problems, err)
	}
	for name, address := range map[string]string{"from": c.From, "unsubscribe": c.unsubscribe()} {
		if parsed, err := netmail.ParseAddress(address); err != nil || parsed.Address != address {
			problems = append(problems, fmt.Errorf("%s is %q: it must be an e-mail address", name, address))
		}
	}
	if c.Security == SecurityNone && c.Password != "" {
		problems = append(problems, errors.New("a password needs encryption: set security to starttls or tls"))
	}
	return errors.Join(problems...)
}

func (c SMTPConfig) unsubscribe() string {
	if c.Unsubscribe != "" {
		return c.Unsubscribe
	}
	return c.From
}

func (c SMTPConfig) address() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(c.Server)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || host == "" || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("server is %q: use HOST:PORT, such as smtp.example.com:587", c.Server)
	}
	return host, port, nil
}

// mails are e-mails to addresses.
type mails struct {
	config  SMTPConfig
	timeout time.Duration
}

var errNoSMTP = errors.New("no e-mails are sent: set notifier.smtp.server")

func (t mails) Check(spec subscriptions.Spec) error {
	if t.config.Server == "" {
		return errNoSMTP
	}
	_, err := subscriptions.ParseMail(spec.To)
	return err
}

func (t mails) client() (*mail.Client, error) {
	host, port, err := t.config.address()
	if err != nil {
		return nil, err
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if t.config.CA != "" {
		authorities, err := os.ReadFile(t.config.CA)
		if err != nil {
			return nil, fmt.Errorf("reading notifier.smtp.ca: %w", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(authorities) {
			return nil, fmt.Errorf("notifier.smtp.ca: %s has no certificates", t.config.CA)
		}
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(t.timeout), mail.WithTLSConfig(secure)}
	switch t.config.Security {
	case SecurityTLS:
		options = append(options, mail.WithSSL())
	case SecurityNone:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if t.config.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(t.config.User),
			mail.WithPassword(t.config.Password))
	}
	return mail.NewClient(host, options...)
}

func (t mails) Send(ctx context.Context, s subscriptions.Subscription, items []Item) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	err := t.Check(s.Spec)
	var message *mail.Msg
	if err == nil {
		message, err = t.message(s, items)
	}
	var client *mail.Client
	if err == nil {
		client, err = t.client()
	}
	if err == nil {
		err = client.DialAndSendWithContext(ctx, message)
	}
	if err == nil || message != nil && message.IsDelivered() { // whatever failed afterwards, it must not be sent again
		return same(items, Outcome{Result: Delivered})
	}
	outcome := Outcome{Detail: "sending an e-mail: " + err.Error()}
	if refused := new(mail.SendError); errors.As(err, &refused) {
		outcome.Status = refused.ErrorCode()
		// The server refuses this content, not the sender or the recipients.
		ofContent := errors.Is(err, &mail.SendError{Reason: mail.ErrSMTPDataClose})
		if ofContent && outcome.Status >= 500 && outcome.Status <= 599 {
			outcome.Result = Failed
		}
	}
	return same(items, outcome)
}

// message returns the e-mail with some events. It is the same for each attempt, apart from its date.
func (t mails) message(s subscriptions.Subscription, items []Item) (*mail.Msg, error) {
	recipients, err := subscriptions.ParseMail(s.To)
	if err != nil {
		return nil, err
	}
	var notes []forms.Note
	id := sha256.New()
	fmt.Fprintf(id, "%s\n", s.ID) // it never fails
	for _, item := range items {
		notes = append(notes, forms.NoteOf(item.Event))
		fmt.Fprintf(id, "%s\n", item.Event.ID)
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(m.From(t.config.From), m.To(recipients...)); err != nil {
		return nil, fmt.Errorf("addressing an e-mail: %w", err)
	}
	_, domain, _ := strings.Cut(t.config.From, "@")
	m.SetMessageIDWithValue(hex.EncodeToString(id.Sum(nil)[:16]) + "@" + domain)
	m.Subject(subjectOf(s.Name, notes))
	version, _ := telemetry.Build()
	m.SetUserAgent("Dateline/" + version)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader(mail.HeaderPrecedence, "bulk")
	m.SetGenHeader(mail.HeaderListUnsubscribe, "<mailto:"+t.config.unsubscribe()+"?subject=unsubscribe%20"+s.ID+">")
	plain, rich, err := bodies(s.Name, t.config.unsubscribe(), notes)
	if err != nil {
		return nil, err
	}
	m.SetBodyString(mail.TypeTextPlain, plain)
	m.AddAlternativeString(mail.TypeTextHTML, rich)
	return m, nil
}

func subjectOf(name string, notes []forms.Note) string {
	if len(notes) == 1 {
		return notes[0].Label + notes[0].Title
	}
	return fmt.Sprintf("%s: %d articles", name, len(notes))
}

var richBody = template.Must(template.New("mail").Parse(`<!doctype html>
<html><head><meta charset="utf-8"><title>{{.Name}}</title></head>
<body style="font-family: sans-serif; line-height: 1.4; max-width: 40em">
{{range .Notes}}<div dir="auto" style="margin-bottom: 1.5em">
<div style="font-weight: bold">{{.Label}}{{if .Link}}<a href="{{.Link}}">{{.Title}}</a>{{else}}{{.Title}}{{end}}</div>
<div style="color: #555">{{.Source}}</div>
<div>{{.Excerpt}}</div>
</div>
{{end}}<p style="color: #555">You get this e-mail because of the subscription {{.Name}} of Dateline.
Write to {{.Unsubscribe}} to end it.</p>
</body></html>
`))

// bodies returns the plain text and the HTML of an e-mail.
func bodies(name, unsubscribe string, notes []forms.Note) (plain, rich string, err error) {
	var text strings.Builder
	for _, note := range notes {
		for _, line := range []string{note.Label + note.Title, note.Source, note.Link, note.Excerpt} {
			if line != "" {
				text.WriteString(line + "\n")
			}
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(&text, "-- \nYou get this e-mail because of the subscription %s of Dateline. Write to %s to end it.\n",
		name, unsubscribe)
	var page bytes.Buffer
	err = richBody.Execute(&page, struct {
		Name, Unsubscribe string
		Notes             []forms.Note
	}{name, unsubscribe, notes})
	if err != nil {
		return "", "", fmt.Errorf("writing an e-mail: %w", err)
	}
	return text.String(), page.String(), nil
}

func (t mails) Preview(s subscriptions.Subscription, items []Item) (string, error) {
	message, err := t.message(s, items)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if _, err := message.WriteTo(&out); err != nil {
		return "", fmt.Errorf("writing an e-mail: %w", err)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), nil
}

// Close does nothing: each e-mail has a connection of its own.
func (mails) Close() {}
