package subject_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/subject"
)

var (
	quoted = regexp.MustCompile(`"([^"]+)"`)
	// ofStream matches the subjects of the JetStream API that name a stream, and
	// perhaps a consumer.
	ofStream = regexp.MustCompile(`^\$JS\.(?:API\.(?:CONSUMER\.(?:MSG\.NEXT|CREATE|DELETE)|DIRECT\.GET|` +
		`STREAM\.(?:MSG\.DELETE|PURGE))|ACK|FC)\.([^.]+)(?:\.(\w+))?`)
	ofBucket = regexp.MustCompile(`^\$(?:KV|O)\.([^.]+)\.`)
)

// TestPermissionsNameKnownSubjects compares the permissions in deploy/ with the
// names in this package.
func TestPermissionsNameKnownSubjects(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "nats", "accounts.conf"))
	if err != nil {
		t.Fatal(err)
	}
	buckets := []string{
		subject.BucketLeases, subject.BucketHosts, subject.BucketSeen, subject.BucketDrift, subject.BucketHealth,
	}
	streams := append(subject.Streams(), subject.ObjectStream(subject.BucketBodies), "*", ">")
	for _, bucket := range buckets {
		streams = append(streams, subject.KVStream(bucket))
	}
	buckets = append(buckets, subject.BucketBodies, "*")
	consumers := []string{
		subject.ConsumerIntake, subject.ConsumerDiscover, subject.ConsumerExtract, subject.ConsumerIndex,
		subject.ConsumerLedger, subject.ConsumerArchive,
	}
	roots := []string{subject.URLs}
	for _, pattern := range []string{
		subject.TryDiscovery, subject.TestDelivery, subject.Deliveries,
		subject.AllFrontier, subject.AllListings, subject.AllPages, subject.AllExchanges,
		subject.AllArticles, subject.AllRevisions,
		subject.AllOutcomes, subject.AllDead,
	} {
		root, _, _ := strings.Cut(pattern, ".")
		roots = append(roots, root)
	}
	checked := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, match := range quoted.FindAllStringSubmatch(line, -1) {
			checked++
			name := match[1]
			root, _, _ := strings.Cut(name, ".")
			if m := ofStream.FindStringSubmatch(name); m != nil {
				if !slices.Contains(streams, m[1]) {
					t.Errorf("%s names the unknown stream %s", name, m[1])
				}
				if m[2] != "" && !strings.Contains(m[1], "_") && !slices.Contains(consumers, m[2]) {
					t.Errorf("%s names the unknown consumer %s", name, m[2])
				}
			} else if m := ofBucket.FindStringSubmatch(name); m != nil {
				if !slices.Contains(buckets, m[1]) {
					t.Errorf("%s names the unknown bucket %s", name, m[1])
				}
			} else if root != "$JS" && root != "$SYS" && root != "_INBOX" && !slices.Contains(roots, root) {
				t.Errorf("%s is not a subject of any stream", name)
			}
		}
	}
	if checked == 0 {
		t.Error("the file has no permissions")
	}
}
