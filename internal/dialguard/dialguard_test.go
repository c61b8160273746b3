package dialguard_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/dateline-news/dateline/internal/dialguard"
)

func TestOnlyPublicAndAllowedAddresses(t *testing.T) {
	guard := dialguard.New([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")})
	for network, addresses := range map[string]map[string]bool{
		"tcp4": {
			"93.184.216.34:443": true, "93.184.216.34:8000": true, "10.1.2.3:80": true,
			"10.2.2.3:80": false, "127.0.0.1:80": false, "169.254.169.254:80": false, "100.64.0.1:80": false,
			"168.63.129.16:80": false, "161.26.0.10:80": false, "166.8.0.10:80": false,
			"168.63.129.17:80": true, "161.27.0.10:80": true, "166.12.0.1:80": true,
		},
		"tcp6": {
			"[2606:2800:220:1::1]:443": true, "[fd00:1::5]:80": true,
			"[fd00:2::5]:80": false, "[::1]:80": false, "[fe80::1]:80": false, "[::ffff:10.2.2.3]:80": false,
		},
	} {
		for address, want := range addresses {
			err := guard(network, address, nil)
			if (err == nil) != want || dialguard.IsRefused(err) == want {
				t.Errorf("%s: error %v, refused %v, want it to be allowed: %v", address, err, dialguard.IsRefused(err), want)
			}
		}
	}
	if dialguard.IsRefused(errors.New("connection reset")) {
		t.Error("another error counts as a refusal")
	}
}
