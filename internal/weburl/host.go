package weburl

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"
)

// Limits of host names and their labels in bytes: RFC 1035, section 2.3.4, without
// the length octets.
const (
	maxHostName = 253
	maxLabel    = 63
)

// canonicalHost checks and returns a host name as the WHATWG parser returns it. The
// parser accepts characters and empty labels that no name server and no NATS subject
// accepts. Underscores are allowed because sites use them.
func canonicalHost(host string) (string, error) {
	if strings.HasPrefix(host, "[") {
		return host, nil
	}
	host = strings.TrimSuffix(host, ".")
	switch {
	case host == "":
		return "", errors.New("the URL has no host; give one such as https://example.com/news")
	case len(host) > maxHostName:
		return "", fmt.Errorf("the host name is %d characters long; the limit is %d", len(host), maxHostName)
	}
	for label := range strings.SplitSeq(host, ".") {
		switch {
		case label == "":
			return "", fmt.Errorf("the host name %q has an empty part between two dots", host)
		case len(label) > maxLabel:
			return "", fmt.Errorf("the host name has a part of %d characters, %q; the limit is %d",
				len(label), label, maxLabel)
		}
		if i := strings.IndexFunc(label, notInLabel); i >= 0 {
			return "", fmt.Errorf("the host name %q has the character %q, which is not allowed in host names",
				host, label[i])
		}
	}
	return host, nil
}

func notInLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// SubjectHost returns the host as NATS subject tokens with the broadest first, so
// that a consumer can filter by site or by domain. It has at most 260 bytes, only
// letters, digits, '-', '_', '=' and '.', so it is also a valid KV key. Different
// hosts have different tokens:
//
//	www.example.com        com.example.www
//	example.com:8080       com.example.=8080
//	192.0.2.7:8080         192.0.2.7.=8080     (the last label of a name is never a number)
//	[2001:db8::1]:8080     =2001-db8--1.=8080
func (u URL) SubjectHost() string { return subjectOf(u.Host()) }

func subjectOf(host string) string {
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name, port = host[:i], ".="+host[i+1:]
	}
	if name[0] == '[' {
		return "=" + strings.ReplaceAll(name[1:len(name)-1], ":", "-") + port
	}
	if isIPv4(name) {
		return name + port
	}
	return reverseLabels(name) + port
}

// HostFromSubject is the inverse of SubjectHost. It rejects tokens that SubjectHost
// cannot have returned.
func HostFromSubject(subject string) (string, error) {
	name, port := subject, ""
	if i := strings.LastIndex(subject, ".="); i >= 0 {
		name, port = subject[:i], ":"+subject[i+2:]
	}
	switch {
	case strings.HasPrefix(name, "="):
		name = "[" + strings.ReplaceAll(name[1:], "-", ":") + "]"
	case !isIPv4(name):
		name = reverseLabels(name)
	}
	// The parser decides what a host is: only a host passes it unchanged. Both
	// schemes are tried because the parser removes a default port.
	for _, scheme := range []string{"http://", "https://"} {
		if u, err := Parse(scheme + name + port); err == nil && u.Host() == name+port {
			return u.Host(), nil
		}
	}
	return "", fmt.Errorf("%q is not a host in subject tokens; expected a form such as com.example.www", subject)
}

func isIPv4(name string) bool {
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Is4()
}

func reverseLabels(name string) string {
	var b strings.Builder
	b.Grow(len(name))
	for name != "" {
		i := strings.LastIndexByte(name, '.')
		b.WriteString(name[i+1:])
		if i < 0 {
			break
		}
		b.WriteByte('.')
		name = name[:i]
	}
	return b.String()
}

// Partition returns the partition of a host, in [0, n). It is part of the stored
// format: all versions that share a frontier must agree on a host's partition.
func Partition(host string, n int) int {
	if n <= 0 {
		panic("weburl: Partition of " + strconv.Itoa(n) + " partitions")
	}
	h := fnv.New64a()
	h.Write([]byte(host))
	// The low bits of FNV mix poorly for short strings, so fold in the high half.
	sum := h.Sum64()
	sum ^= sum >> 32
	return int(sum % uint64(n))
}
