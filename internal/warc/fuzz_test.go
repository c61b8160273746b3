package warc_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/dateline-news/dateline/internal/warc"
)

// FuzzReader reads arbitrary bytes. The Reader must reach the end, and must not return
// more of a block than its length.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		record("oslo") + record("lima"), gz(record("oslo")) + gz(record("lima"))[:90] + gz(record("pune")),
		arcInfo + arcRecord("oslo"), gz(arcInfo) + gz(arcRecord("oslo")),
		"\x28\xb5\x2f\xfd\x04\x00\x21\x00\x00WARC\x50\x2a\x4d\x18\x01\x00\x00\x00x",
		"\x5d\x2a\x4d\x18\x04\x00\x00\x00\x37\xa4\x30\xec",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r := warc.NewReader(bytes.NewReader(file))
		defer r.Close()
		for turn := 0; ; turn++ {
			if turn > 2*len(file)+2 {
				t.Fatalf("no end after %d records and damages", turn)
			}
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				continue
			}
			block, err := io.ReadAll(io.LimitReader(rec.Block, 1<<20))
			if int64(len(block)) > rec.Length {
				t.Fatalf("a block of %d bytes for a length of %d", len(block), rec.Length)
			}
			if err == nil {
				_, _ = warc.ParseResponse(block) // only panics matter
			}
			_, _ = rec.Date()
		}
	})
}
