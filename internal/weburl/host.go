package weburl

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strconv"
	"strings"
)

// canonicalHost checks a host name as the WHATWG parser returns it, which
// accepts characters and empty labels that no name server and no NATS subject
// does. Bounds are those of RFC 1035, section 2.3.4; underscores are allowed
// because sites use them.
func canonicalHost(host string) (string, error) {
	if strings.HasPrefix(host, "[") {
		return host, nil
	}
	host = strings.TrimSuffix(host, ".")
	switch {
	case host == "":
		return "", errors.New("the URL has no host; give one such as https://example.com/news")
	case len(host) > 253:
		return "", fmt.Errorf("the host name is %d characters long; the limit is 253", len(host))
	}
	for label := range strings.SplitSeq(host, ".") {
		switch {
		case label == "":
			return "", fmt.Errorf("the host name %q has an empty part between two dots", host)
		case len(label) > 63:
			return "", fmt.Errorf("the host name has a part of %d characters, %q; the limit is 63", len(label), label)
		}
		if i := strings.IndexFunc(label, notInLabel); i >= 0 {
			return "", fmt.Errorf("the host name %q has the character %q, which no host name can have", host, label[i])
		}
	}
	return host, nil
}

func notInLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// SubjectHost returns the host as NATS subject tokens, the broadest first, so
// that a consumer filters by site or by domain. It is at most 260 bytes of
// letters, digits, '-', '_', '=' and '.', which is also a valid KV key, and no
// two hosts share one:
//
//	www.example.com        com.example.www
//	example.com:8080       com.example.=8080
//	192.0.2.7:8080         192.0.2.7.=8080     (no name's last label is a number)
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

// HostFromSubject is the inverse of SubjectHost. It refuses tokens that
// SubjectHost cannot have written.
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
	// The parser is the authority on what a host is: only what comes back
	// unchanged was one. Of the two schemes, one has not this default port.
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

// Partition returns the partition in [0, n) that a host belongs to. It is
// part of the stored format: a host must be in the same partition for every
// version that shares a frontier.
func Partition(host string, n int) int {
	if n <= 0 {
		panic("weburl: Partition of " + strconv.Itoa(n) + " partitions")
	}
	h := fnv.New64a()
	h.Write([]byte(host))
	// FNV's low bits mix poorly for short strings; fold the high half in.
	sum := h.Sum64()
	sum ^= sum >> 32
	return int(sum % uint64(n))
}
