package subscriptions

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/notifier/forms"
)

// The kinds of targets.
const (
	KindWebHook = "webhook"
	KindNATS    = "nats"
	KindNtfy    = "ntfy"
	KindMail    = "mail"
	KindFiles   = "files"
)

// kinds are the kinds by the scheme of the target.
var kinds = map[string]string{
	"http": KindWebHook, "https": KindWebHook, "nats": KindNATS, "ntfy": KindNtfy, "ntfy+http": KindNtfy,
	"mailto": KindMail, "files": KindFiles,
}

// The values of Spec.Every.
const (
	PerMinute = "minute"
	PerHour   = "hour"
	PerDay    = "day"
)

// periods are the durations of the values of Spec.Every.
var periods = map[string]time.Duration{PerMinute: time.Minute, PerHour: time.Hour, PerDay: 24 * time.Hour}

// The limits of a target.
const (
	maxTargetBytes = 2 << 10
	maxRecipients  = 20
	maxTags        = 5
	maxTagBytes    = 32
	maxFolders     = 4
)

var (
	topicPattern  = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)
	folderPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	ratePattern   = regexp.MustCompile(`^([1-9][0-9]{0,3})/(s|m)$`)
)

// Kind returns the kind of the target, or "" if it has none.
func (s Spec) Kind() string {
	scheme, _, _ := strings.Cut(s.To, ":")
	return kinds[strings.ToLower(scheme)]
}

// Signs reports whether secrets sign the requests to the target.
func (s Spec) Signs() bool { return s.Kind() == KindWebHook && !forms.IsChat(s.Form) }

// Period returns the period in which deliveries are collected, or 0 if each is delivered by itself.
func (s Spec) Period() time.Duration {
	if s.Kind() == KindFiles && s.Every == "" {
		return time.Minute
	}
	return periods[s.Every]
}

// Interval returns the minimum time from one delivery to the next. 0 means no limit.
func (s Spec) Interval() time.Duration {
	parts := ratePattern.FindStringSubmatch(s.Rate)
	if parts == nil {
		return 0
	}
	count, _ := strconv.Atoi(parts[1]) // the pattern has checked it
	if parts[2] == "m" {
		return time.Minute / time.Duration(count)
	}
	return time.Second / time.Duration(count)
}

// checkPace reports whether the target can have the rate and the period.
func (s Spec) checkPace() error {
	collects := s.Kind() == KindMail || s.Kind() == KindFiles
	switch {
	case s.Every != "" && periods[s.Every] == 0:
		return fmt.Errorf("it delivers every %.20q: use %s, %s or %s", s.Every, PerMinute, PerHour, PerDay)
	case s.Every != "" && !collects:
		return errors.New("only e-mails and files are collected: remove every")
	case s.Rate != "" && s.Interval() == 0:
		return fmt.Errorf("its rate is %.20q: use 1 to 9999 in a second or minute, such as 5/s or 30/m", s.Rate)
	case s.Rate != "" && s.Period() > 0:
		return errors.New("it collects deliveries, which has no rate: remove rate")
	}
	return nil
}

// checkTarget reports whether the target can be used in the form.
func (s Spec) checkTarget() error {
	target, err := url.Parse(s.To)
	switch {
	case strings.Contains(s.To, hiddenPart):
		return errors.New("its target is not whole: give the URL with the part that is not shown")
	case err != nil || len(s.To) > maxTargetBytes:
		return fmt.Errorf("its target is not a URL of at most %d bytes", maxTargetBytes)
	case target.User != nil || target.Fragment != "":
		return errors.New("its target has a user or a fragment: remove it; secrets are given in a file")
	}
	switch s.Kind() {
	case KindWebHook:
		if target.Hostname() == "" {
			return errors.New("its target has no host: use a URL such as https://hooks.example.com/in")
		}
		return s.checkForm(!forms.IsFile(s.Form))
	case KindNATS:
		if !subject.IsForUsers(target.Opaque) {
			return fmt.Errorf("it publishes on %.80q: use a subject that begins with %s and has no wildcards, such as "+
				"nats:%[2]sharbour; a stream or the NATS server can map it to another one", target.Opaque, subject.Deliveries)
		}
		return s.checkForm(!forms.IsFile(s.Form) && !forms.IsChat(s.Form))
	case KindNtfy:
		if _, err := ParseNtfy(s.To); err != nil {
			return err
		}
		return s.checkForm(s.Form == "" || s.Form == forms.Template)
	case KindMail:
		if _, err := ParseMail(s.To); err != nil {
			return err
		}
		return s.checkForm(s.Form == "")
	case KindFiles:
		if _, err := ParseFolder(s.To); err != nil {
			return err
		}
		return s.checkForm(s.Form == "" || forms.IsFile(s.Form))
	}
	return fmt.Errorf("its target is %.200q: use https://… (a web hook), nats:deliveries.NAME, ntfy://HOST/TOPIC, "+
		"mailto:ADDRESS or files:FOLDER", target.Redacted())
}

func (s Spec) checkForm(fits bool) error {
	if fits {
		return nil
	}
	return fmt.Errorf("the form %.40q does not fit its target, see docs/delivery.md", s.Form)
}

// Ntfy is a topic of an ntfy server.
type Ntfy struct {
	// Server is the URL of the server.
	Server, Topic string
	// Priority is 1 to 5, or 0 for the default.
	Priority int
	Tags     []string
}

// ParseNtfy parses ntfy://HOST/TOPIC?priority=4&tags=a,b. The scheme ntfy+http stands for a server without encryption.
func ParseNtfy(raw string) (Ntfy, error) {
	target, err := url.Parse(raw)
	if err != nil || target.Hostname() == "" {
		return Ntfy{}, errors.New("its target is not ntfy://HOST/TOPIC")
	}
	n := Ntfy{Server: "https://" + target.Host + "/", Topic: strings.TrimPrefix(target.Path, "/")}
	if target.Scheme == "ntfy+http" {
		n.Server = "http://" + target.Host + "/"
	}
	if !topicPattern.MatchString(n.Topic) {
		return n, fmt.Errorf("its topic is %.80q: use up to 64 letters, digits, hyphens and underscores", n.Topic)
	}
	for name, values := range target.Query() {
		switch name {
		case "priority":
			if n.Priority, err = strconv.Atoi(values[0]); err != nil || n.Priority < 1 || n.Priority > 5 {
				return n, fmt.Errorf("its priority is %.20q: use 1 to 5", values[0])
			}
		case "tags":
			n.Tags = strings.Split(values[0], ",")
			if len(n.Tags) > maxTags || len(values[0]) > maxTags*maxTagBytes {
				return n, fmt.Errorf("it has too many tags: use up to %d", maxTags)
			}
		default:
			return n, fmt.Errorf("its target has the parameter %.40q: use priority and tags", name)
		}
	}
	return n, nil
}

// ParseMail returns the addresses of mailto:ADDRESS,ADDRESS.
func ParseMail(raw string) ([]string, error) {
	_, rest, _ := strings.Cut(raw, ":")
	unescaped, err := url.PathUnescape(rest)
	if err != nil || strings.ContainsAny(rest, "?\r\n") {
		return nil, errors.New("its target is not mailto:ADDRESS without parameters")
	}
	all := strings.Split(unescaped, ",")
	if len(all) > maxRecipients {
		return nil, fmt.Errorf("it has %d recipients: use up to %d", len(all), maxRecipients)
	}
	for i, one := range all {
		address, err := mail.ParseAddress(one)
		if err != nil || address.Address != strings.TrimSpace(one) || strings.ContainsAny(one, "\r\n\"<>") {
			return nil, fmt.Errorf("%.80q is not an e-mail address", one)
		}
		all[i] = address.Address
	}
	return all, nil
}

// ParseFolder returns the path of files:FOLDER, below the folder or bucket of the notifier.
func ParseFolder(raw string) (string, error) {
	_, path, _ := strings.Cut(raw, ":")
	parts := strings.Split(path, "/")
	for _, part := range parts {
		if !folderPattern.MatchString(part) || len(parts) > maxFolders {
			return "", fmt.Errorf("its folder is %.80q: use up to %d names of letters, digits, dots, hyphens and underscores, "+
				"such as files:harbour/ferries", path, maxFolders)
		}
	}
	return path, nil
}

// hiddenPart stands for a part of a URL that is not shown.
const hiddenPart = "…"

// IsWhole reports whether the target has no part that Shown has hidden.
func (s Spec) IsWhole() bool { return !strings.Contains(s.To, hiddenPart) }

// Shown returns the specification without the secret parts of its target: the path of the web hook of a chat and the
// parameters of any other. Putting it keeps the target, if that has not changed meanwhile.
func (s Spec) Shown() Spec {
	target, err := url.Parse(s.To)
	switch {
	case err != nil:
		s.To = hiddenPart
	case forms.IsChat(s.Form):
		s.To = target.Scheme + "://" + target.Host + "/" + hiddenPart
	case target.RawQuery != "" && (target.Scheme == "https" || target.Scheme == "http"):
		target.RawQuery = ""
		s.To = target.String() + "?" + hiddenPart
	}
	return s
}
