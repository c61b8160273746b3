package httpget

import (
	"net/netip"
	"strings"
	"testing"
)

func TestConfigIsChecked(t *testing.T) {
	_, err := New(Config{
		ConnectTimeout: -1, MaxBodyBytes: -1, AllowPorts: []int{0, 80}, AllowNets: make([]netip.Prefix, 1),
	})
	if err == nil {
		t.Fatal("an invalid configuration was accepted")
	}
	for _, want := range []string{
		"UserAgent is empty", "ConnectTimeout is negative", "MaxBodyBytes is negative",
		"AllowPorts contains 0", "AllowNets contains",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not contain %q: %v", want, err)
		}
	}
	if _, err := New(Config{UserAgent: "a\r\nX: y"}); err == nil {
		t.Error("a User-Agent with a line break was accepted")
	}
}

func TestBadRequests(t *testing.T) {
	client := newClient(t, nil)
	for _, url := range []string{
		"", "example.com", "http://", "http:///a", "http://example.com", "ftp://example.com/", "HTTP://example.com/",
		"http://user:secret@example.com/", "http://example.com/a b", "http://example.com/ä", "http://example.com/\n",
		"http://example.com/#a", "http://example.com?a/",
	} {
		failure := mustFail(t, client, Request{URL: url}, BadRequest)
		if failure.Transient() || strings.Contains(failure.Error(), "secret") {
			t.Errorf("%q: transient %v: %v", url, failure.Transient(), failure)
		}
	}
}
