package captures

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/archiver/files"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// Response is an archived response.
type Response struct {
	Capture

	// Head is the status line and the header, and Body the body in its content coding.
	Head, Body []byte
}

// Header returns the value of the first header field with a name, or "".
func (r Response) Header(name string) string { return warcfile.Value(r.Head, name) }

// Read reads a capture from the archive. The body of a revisit is that of its
// original. If the file or the original is not there any more, the error is ErrNotFound.
func (x *Index) Read(ctx context.Context, from *files.Files, c Capture) (Response, error) {
	entry, err := readRecord(ctx, from, c)
	if err != nil {
		return Response{}, err
	}
	r := Response{Capture: c}
	r.Head, r.Body = entry.HTTP()
	if !c.IsRevisit() {
		return r, nil
	}
	original, err := one(x.read(ctx, "reading the original of a capture of "+c.URL,
		`WHERE c.url_key = $1 AND c.url = $2 AND c.time = $3 AND c.original_time = 0 AND c.digest = $4 LIMIT 1`,
		c.Key(), c.URL, c.OriginalTime.UnixMicro(), c.Digest))
	if err != nil {
		return Response{}, fmt.Errorf("reading the body of the capture of %s at %s: %w", c.URL,
			c.Time.Format(time.RFC3339), err)
	}
	if entry, err = readRecord(ctx, from, original); err != nil {
		return Response{}, err
	}
	_, r.Body = entry.HTTP()
	return r, nil
}

// readRecord reads the record of a capture, and checks that it is the one in the index.
func readRecord(ctx context.Context, from *files.Files, c Capture) (*warcfile.Entry, error) {
	section, err := from.Section(ctx, c.File, c.Offset, c.Length)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	defer section.Close()
	entry, err := warcfile.NewReader(section, c.Offset).Next()
	if err != nil {
		return nil, fmt.Errorf("file %s of the archive: %w", c.File, err)
	}
	if url := entry.Get(warcfile.FieldURL); url != c.URL || entry.Get(warcfile.FieldPayloadDigest) != c.Digest {
		return nil, fmt.Errorf("file %s of the archive has another record at offset %d than the index says, of %q: "+
			"restore the file or the store from a backup", c.File, c.Offset, strings.ToValidUTF8(url, "\uFFFD"))
	}
	return entry, nil
}
