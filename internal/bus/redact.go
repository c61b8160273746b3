package bus

import (
	"net/url"
	"strings"
)

// redact takes user and password out of the addresses in a list.
func redact(list string) string {
	addresses := strings.Split(list, ",")
	for i, address := range addresses {
		if u, err := url.Parse(strings.TrimSpace(address)); err == nil {
			u.User = nil
			addresses[i] = u.String()
		} else {
			addresses[i] = "(unreadable address)"
		}
	}
	return strings.Join(addresses, ",")
}
