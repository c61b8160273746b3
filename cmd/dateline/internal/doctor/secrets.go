package doctor

import (
	"context"
	"net/url"
	"strings"
)

// minSecret is the minimum number of characters of a secret.
const minSecret = 16

// weakWords are words that weak secrets are often made of.
var weakWords = []string{
	"password", "passwd", "secret", "token", "changeme", "change-me",
	"dateline", "postgres", "admin", "default", "test", "1234",
}

// isWeak reports whether a secret is short, or consists of little more than weak words.
func isWeak(secret string) bool {
	rest := strings.ToLower(secret)
	for _, word := range weakWords {
		rest = strings.ReplaceAll(rest, word, "")
	}
	return len(secret) < minSecret || len(rest) < minSecret/2
}

// examineTokens checks the secrets in the configuration.
func examineTokens(_ context.Context, t Target, r *report) {
	const check = "secrets"
	secrets := 0
	for _, s := range []struct{ name, secret string }{
		{"the password in the address of NATS", passwordIn(t.NATS.URL)},
		{"the password in the address of the store", passwordIn(t.StoreURL)},
		{"http.read-token", t.ReadToken},
		{"http.operate-token", t.OperateToken},
	} {
		if s.secret == "" {
			continue
		}
		secrets++
		if isWeak(s.secret) {
			r.problem(check, "use a long random secret, such as the output of \"openssl rand -hex 16\"",
				"%s can be guessed: it is short, or made of common words", s.name)
		}
	}
	if t.ReadToken != "" && t.ReadToken == t.OperateToken {
		r.problem(check, "use two different tokens",
			"http.read-token and http.operate-token are the same: whoever can read can also erase")
	}
	switch {
	case secrets == 0:
		r.skip(check, "the configuration contains none")
	case r.isFine(check):
		r.ok(check, "none of the %d in the configuration is weak", secrets)
	}
}

func passwordIn(list string) string {
	for _, one := range strings.Split(list, ",") {
		if u, err := url.Parse(strings.TrimSpace(one)); err == nil && u.User != nil {
			if password, ok := u.User.Password(); ok {
				return password
			}
		}
	}
	return ""
}
