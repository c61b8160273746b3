package weburl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// safeSubject matches subjects that every NATS server, subject filter and KV bucket
// accepts.
var safeSubject = regexp.MustCompile(`^[a-z0-9_=-]+(\.[a-z0-9_=-]+)*$`)

func checkSubject(t *testing.T, u URL) {
	t.Helper()
	subject := u.SubjectHost()
	if !safeSubject.MatchString(subject) || len(subject) > 260 {
		t.Fatalf("SubjectHost of %q is %q, which is not safe", u, subject)
	}
	host, err := HostFromSubject(subject)
	if err != nil || host != u.Host() {
		t.Fatalf("HostFromSubject(%q) = %q, %v; want %q", subject, host, err, u.Host())
	}
}

func TestSubjectHost(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"https://www.example.com/", "com.example.www"},
		{"https://localhost/", "localhost"},
		{"https://example.com:8080/", "com.example.=8080"},
		{"http://example.com:443/", "com.example.=443"},
		{"https://example.com:80/", "com.example.=80"},
		{"http://127.0.0.1:8080/", "127.0.0.1.=8080"},
		{"http://192.0.2.7/", "192.0.2.7"},
		{"http://[2001:db8::1]:8080/", "=2001-db8--1.=8080"},
		{"http://[::1]/", "=--1"},
		{"http://[::]/", "=--"},
		{"http://[::ffff:127.0.0.1]/", "=--ffff-7f00-1"},
		{"https://münchen.example/", "example.xn--mnchen-3ya"},
		{"https://a_b.example/", "example.a_b"},
		{"https://1.0.0.127.in-addr.arpa/", "arpa.in-addr.127.0.0.1"},
		{"https://" + strings.Repeat("a.", 126) + "b:65535/", "b" + strings.Repeat(".a", 126) + ".=65535"},
	}
	for _, test := range tests {
		u := mustParse(t, test.raw)
		if got := u.SubjectHost(); got != test.want {
			t.Errorf("SubjectHost of %s = %q, want %q", u, got, test.want)
		}
		checkSubject(t, u)
	}
}

func TestHostFromSubjectRejectsInvalidTokens(t *testing.T) {
	for _, subject := range []string{
		"", ".", "com..example", "com.example.", ".com", "COM.Example", "com.*", "com.>", "com.exa mple",
		"=", "=zz", "=2001-DB8--1", "com.example.=", "com.example.=x", "com.example.=0080", "com.example.=99999",
		"com.=8080.example", "1.2.3.4.5", "001.2.3.4", "com.example.=80.=81", "com.exam/ple", "com.user@example",
	} {
		if host, err := HostFromSubject(subject); err == nil {
			t.Errorf("HostFromSubject(%q) = %q, want an error", subject, host)
		}
	}
}

func TestPartitionIsStableAndUniform(t *testing.T) {
	const n = 64
	stored := map[string]int{"example.com": 37, "www.example.com": 19, "127.0.0.1:8080": 34}
	for host, want := range stored {
		if got := Partition(host, n); got != want {
			t.Errorf("Partition(%q) = %d, want %d: the partition is part of the stored format", host, got, want)
		}
	}
	const hosts = 64_000
	counts := make([]int, n)
	for i := range hosts {
		counts[Partition(fmt.Sprintf("127.0.%d.%d:8080", i/256, i%256), n)]++
	}
	// The standard deviation of a uniform distribution is about 31.
	if least, most := slices.Min(counts), slices.Max(counts); least < hosts/n-160 || most > hosts/n+160 {
		t.Errorf("partitions have between %d and %d of %d hosts", least, most, hosts)
	}
}
