package subscriptions

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The limits of secrets.
const (
	maxSecrets     = 4
	minSecretBytes = 24
	maxSecretBytes = 64
)

// secretPrefix starts secrets, as in Standard Webhooks.
const secretPrefix = "whsec_"

// tokenPattern is that of an access token of ntfy.
var tokenPattern = regexp.MustCompile(`^[!-~]{1,200}$`)

// ParseSecrets returns the secrets of a file, one per line: those that sign the requests to a web hook, or the access
// token of an ntfy server. The error is ErrSpec and does not contain the secrets.
func (s Spec) ParseSecrets(text string) ([]string, error) {
	all := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	switch kind := s.Kind(); {
	case kind == KindNtfy && (len(all) != 1 || !tokenPattern.MatchString(all[0])):
		return nil, fmt.Errorf("%w: the file of the secret does not have a single line with an access token", ErrSpec)
	case kind == KindNtfy:
		return all, nil
	case kind != KindWebHook:
		return nil, fmt.Errorf("%w: its target has no secrets", ErrSpec)
	}
	for i, secret := range all {
		if _, err := Key(secret); err != nil {
			return nil, fmt.Errorf("%w: secret %d %w", ErrSpec, i+1, err)
		}
	}
	if len(all) == 0 || len(all) > maxSecrets {
		return nil, fmt.Errorf("%w: it has %d secrets: use 1, or up to %d while you replace one; "+
			"create one with: echo whsec_$(openssl rand -base64 32)", ErrSpec, len(all), maxSecrets)
	}
	return all, nil
}

// Key returns the key of a secret.
func Key(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || !strings.HasPrefix(secret, secretPrefix) || len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return nil, fmt.Errorf("is not %s and the base64 of %d to %d bytes: create one with: "+
			"echo whsec_$(openssl rand -base64 32)", secretPrefix, minSecretBytes, maxSecretBytes)
	}
	return key, nil
}
