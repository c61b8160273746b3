package bus

import (
	"errors"
	"net/url"
	"strings"
)

// redact removes user and password from the addresses in a comma-separated list.
func redact(list string) string {
	addresses := strings.Split(list, ",")
	for i, address := range addresses {
		if u, err := url.Parse(strings.TrimSpace(address)); err == nil {
			u.User = nil
			addresses[i] = u.String()
		} else {
			addresses[i] = "(invalid address)"
		}
	}
	return strings.Join(addresses, ",")
}

// WithoutAddress returns an error without the address that could not be parsed. The
// address may contain a password.
func WithoutAddress(err error) error {
	if invalid, ok := errors.AsType[*url.Error](err); ok {
		return invalid.Err
	}
	return err
}
