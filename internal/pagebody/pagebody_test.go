package pagebody_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/pagebody"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const maxBytes = 8 << 20

func inStore(bucket, name string) *datelinev1.Page {
	return &datelinev1.Page{BodyObject: &datelinev1.ObjectReference{Bucket: bucket, Name: name}}
}

// TestRead reads bodies from messages and from the object store. An error that cannot go
// away must end the page, and one that can must not.
func TestRead(t *testing.T) {
	_, js := natstest.Start(t)
	bodies, err := js.ObjectStore(t.Context(), subject.BucketBodies)
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	small, large := []byte("<p>the article"), bytes.Repeat([]byte("x"), maxBytes+1)
	for name, data := range map[string][]byte{
		"small": small, "compressed": encoder.EncodeAll(small, nil), "largest": large[1:], "too large": large,
	} {
		if _, err := bodies.PutBytes(t.Context(), name, data); err != nil {
			t.Fatal(err)
		}
	}
	compressed := inStore(subject.BucketBodies, "compressed")
	compressed.BodyCompression = "zstd"
	reader, err := pagebody.NewReader(js, 1, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for name, test := range map[string]struct {
		page    *datelinev1.Page
		want    string
		message string // of the permanent error
	}{
		"in the message":      {&datelinev1.Page{Body: small}, string(small), ""},
		"in the object store": {inStore(subject.BucketBodies, "small"), string(small), ""},
		"compressed":          {compressed, string(small), ""},
		"as large as allowed": {inStore(subject.BucketBodies, "largest"), string(large[1:]), ""},
		"too large":           {inStore(subject.BucketBodies, "too large"), "", "reads at most"},
		"with the longest name": {
			inStore(subject.BucketBodies, strings.Repeat("x", 512)), "", "no longer in object store",
		},
		"as large as allowed when decompressed": {
			&datelinev1.Page{Body: encoder.EncodeAll(large[1:], nil), BodyCompression: "zstd"}, string(large[1:]), "",
		},
		"gone":                {inStore(subject.BucketBodies, "absent"), "", "no longer in object store"},
		"in a foreign bucket": {inStore("secrets", "small"), "", "put it into"},
		"without a name":      {inStore(subject.BucketBodies, ""), "", "has 0 bytes"},
		"with a long name":    {inStore(subject.BucketBodies, strings.Repeat("x", 513)), "", "has 513 bytes"},
		"damaged":             {&datelinev1.Page{Body: []byte("no zstd"), BodyCompression: "zstd"}, "", "decompressing"},
		"too large when decompressed": {
			&datelinev1.Page{Body: encoder.EncodeAll(large, nil), BodyCompression: "zstd"}, "", "reads at most",
		},
		"of an unknown compression": {&datelinev1.Page{Body: small, BodyCompression: "lzw"}, "", "unknown compression"},
	} {
		body, err := reader.Read(t.Context(), test.page)
		fails := test.message != ""
		if string(body) != test.want || stage.IsPermanent(err) != fails || (err != nil) != fails ||
			fails && !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: got %q, error %v, want %q and a permanent error %q", name, body, err, test.want, test.message)
		}
	}
}
