package contexts

import (
	"fmt"
	"net/url"
	"strings"
)

// hidden replaces a secret.
const hidden = "xxxxx"

// WithoutSecrets returns settings in which passwords, tokens and secret keys are replaced.
func (s Settings) WithoutSecrets() Settings {
	shown := Settings{}
	for section, values := range s {
		shown[section] = map[string]any{}
		for name, value := range values {
			shown[section][name] = withoutSecret(name, value)
		}
	}
	return shown
}

func withoutSecret(name string, value any) any {
	text, ok := value.(string)
	switch {
	case strings.HasSuffix(name, "token") || strings.HasSuffix(name, "password") || strings.HasSuffix(name, "secret-key"):
		if fmt.Sprint(value) == "" {
			return value
		}
		return hidden
	case ok && strings.Contains(text, "://"):
		addresses := strings.Split(text, ",")
		for i, address := range addresses {
			addresses[i] = redact(strings.TrimSpace(address))
		}
		return strings.Join(addresses, ",")
	}
	return value
}

// redact replaces the password in a URL, as user information or as a parameter. A user
// without a password may be a token.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(invalid address)"
	}
	if u.User != nil {
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), hidden)
		} else if u.Scheme == "nats" || u.Scheme == "tls" {
			u.User = url.User(hidden)
		}
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(strings.ToLower(name), "password") {
			query.Set(name, hidden)
			u.RawQuery = query.Encode()
		}
	}
	return u.String()
}
