package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/contenttype"
	"github.com/dateline-news/dateline/internal/decode"
	"github.com/dateline-news/dateline/internal/httphead"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/warc"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// Why a record is left out. Such a record is counted, but it has no outcome, because it is
// not an input of the pipeline.
const (
	skipType     = "of another type"
	skipURL      = "not a web URL"
	skipRedirect = "redirect"
	skipNotHTML  = "not HTML"
)

// capture is a page in an archive.
type capture struct {
	page *datelinev1.Page
	host string // of the page's subject
	// rejection is why the page is not published. Empty if it is.
	rejection outcome.Reason
	detail    string
}

// inputID returns the id of the capture in the ledger.
func (c *capture) inputID() string { return c.page.GetId() }

// requestID returns the id of the capture's request.
func (c *capture) requestID() string { return c.page.GetRequest().GetRequestId() }

// ended returns the outcome of the capture.
func (c *capture) ended() *datelinev1.Outcome {
	o := &datelinev1.Outcome{
		InputId: c.inputID(), Verdict: datelinev1.Verdict_VERDICT_PRODUCED, OutputId: c.page.GetId(),
		Url: c.page.GetRequestedUrl(), RequestId: c.requestID(), Labels: c.page.GetRequest().GetLabels(), Attempt: 1,
	}
	if url, err := weburl.Parse(o.GetUrl()); err == nil {
		o.Host = url.Host()
	}
	switch {
	case c.rejection != "":
		o.Verdict, o.OutputId = datelinev1.Verdict_VERDICT_REJECTED, ""
		o.Reason, o.Detail = string(c.rejection), c.detail
	case c.page.GetTruncated():
		o.Reason, o.Detail = string(outcome.Truncated), "The page is incomplete in the archive."
	}
	return o
}

// reject makes the capture one that is not published.
func (c *capture) reject(reason outcome.Reason, format string, arguments ...any) {
	if c.rejection == "" {
		c.rejection, c.detail = reason, fmt.Sprintf(format, arguments...)
	}
}

// content is what a record has captured.
type content struct {
	status    int
	header    http.Header
	body      []byte
	truncated bool
}

// contentOf returns what a record has captured. The block of a response is HTTP, and that
// of a resource is the page itself.
func contentOf(record *warc.Record, block []byte) (content, error) {
	c := content{status: http.StatusOK, header: http.Header{}, body: block}
	if record.Type() == warc.TypeResource {
		c.header.Set("Content-Type", record.Header.Get("Content-Type"))
		return c, nil
	}
	response, err := warc.ParseResponse(block)
	if err != nil {
		return c, err
	}
	for _, f := range response.Header {
		c.header.Add(f.Name, f.Value)
	}
	c.status, c.body, c.truncated = response.Status, response.Body, response.Truncated
	return c, nil
}

// isHTML reports whether the content is an HTML page: as the archive has identified it, as
// the server declared it, or else by its first bytes.
func (c content) isHTML(identified string) bool {
	declared, _ := contenttype.Parse(identified)
	if contenttype.IsUnspecific(declared) {
		declared, _ = contenttype.Parse(strings.Join(c.header["Content-Type"], ","))
	}
	if !contenttype.IsUnspecific(declared) {
		return contenttype.IsHTML(declared)
	}
	const sniffed, read = 1 << 10, 16 << 10
	bounds := decode.Bounds{MaxBytes: 8 << 20, MaxRatio: 1000}
	start, _, err := decode.Uncompress(c.body[:min(len(c.body), read)], c.encoding(), bounds)
	return err == nil && contenttype.HasMarkup(start[:min(len(start), sniffed)])
}

func (c content) encoding() string { return strings.Join(c.header["Content-Encoding"], ", ") }

// reader makes captures of records.
type reader struct {
	labels   map[string]string
	maxBytes int64
	now      func() time.Time
	// originals are what revisit records may refer to.
	originals *originals
}

// open returns the capture that a record is, without its content. If the record is no
// capture of a web page, it returns why.
func (r *reader) open(record *warc.Record) (c *capture, skip string) {
	switch record.Type() {
	case warc.TypeResponse, warc.TypeResource, warc.TypeRevisit:
	default:
		return nil, skipType
	}
	url, err := weburl.Parse(record.URI())
	if err != nil {
		return nil, skipURL
	}
	id := requestID(record)
	c = &capture{host: url.SubjectHost(), page: &datelinev1.Page{
		Id: outcome.FetchID(id, url), RequestedUrl: url.String(), FinalUrl: url.String(),
		Source: datelinev1.PageSource_PAGE_SOURCE_ARCHIVE,
		Request: &datelinev1.FetchRequest{
			Url: url.String(), RequestId: id, Labels: r.labels, Priority: datelinev1.Priority_PRIORITY_BACKFILL,
			RequestTime: timestamppb.New(r.now()),
		},
	}}
	r.date(c, record)
	if record.Length > r.maxBytes {
		c.reject(outcome.TooLarge, "the record has %d bytes, more than fetcher.max-body-bytes (%d)",
			record.Length, r.maxBytes)
	}
	return c, ""
}

// maxAhead is how far in the future a capture may be.
const maxAhead = 24 * time.Hour

// date sets the fetch time of a capture.
func (r *reader) date(c *capture, record *warc.Record) {
	date, err := record.Date()
	switch {
	case err != nil:
		c.reject(outcome.BadTime, "%v", err)
	case date.After(r.now().Add(maxAhead)):
		c.reject(outcome.BadTime, "the record was captured in the future, at %s", date.Format(time.RFC3339))
	case date.Unix() <= 0:
		c.reject(outcome.BadTime, "the record was captured at %s, before there were web pages", date.Format(time.RFC3339))
	default:
		c.page.FetchTime = timestamppb.New(date)
	}
}

// fill completes a capture with the content of its record. If the content is not a page,
// fill returns the reason.
func (r *reader) fill(c *capture, record *warc.Record, block []byte) (skip string) {
	content, err := contentOf(record, block)
	switch {
	case record.Type() == warc.TypeRevisit:
		return r.resolve(c, record, content)
	case err != nil:
		c.reject(outcome.Malformed, "%v", err)
		return ""
	case content.status/100 == 3:
		return skipRedirect
	case !content.isHTML(record.Header.Get("WARC-Identified-Payload-Type")):
		return skipNotHTML
	}
	content.truncated = content.truncated || record.Header.Get("WARC-Truncated") != "" ||
		record.Header.Get("WARC-Segment-Number") != ""
	c.set(content)
	if c.rejection == "" {
		r.originals.add(record, content)
	}
	return ""
}

// set sets the content of a capture, and rejects the capture if the content is an error or
// empty.
func (c *capture) set(content content) {
	c.page.Status, c.page.Headers = int32(content.status), httphead.Fields(httphead.Keep(content.header))
	c.page.Body, c.page.ContentEncoding = content.body, content.encoding()
	c.page.Truncated = content.truncated
	switch status := content.status; {
	case status == http.StatusNotFound || status == http.StatusGone:
		c.reject(outcome.NotFound, "the site answered %d", status)
	case status == http.StatusUnauthorized || status == http.StatusForbidden ||
		status == http.StatusUnavailableForLegalReasons:
		c.reject(outcome.Forbidden, "the site answered %d", status)
	case status/100 != 2:
		c.reject(outcome.BadStatus, "the site answered %d", status)
	case len(content.body) == 0:
		c.reject(outcome.Empty, "the response has no body")
	}
}

// resolve completes the capture of a revisit record, which has no content of its own, with
// that of the original.
func (r *reader) resolve(c *capture, record *warc.Record, own content) (skip string) {
	if original, ok := r.originals.find(record); ok {
		c.set(original)
		return ""
	}
	declared, _ := contenttype.Parse(own.header.Get("Content-Type"))
	if declared != "" && !contenttype.IsHTML(declared) {
		return skipNotHTML
	}
	c.reject(outcome.OriginalMissing, "the record refers to an earlier capture, which was not read in this run: "+
		"ingest the archive with that capture in the same run, before this one")
	return ""
}

// requestPrefix starts the ids of requests for captures, so that a foreign archive cannot
// name the request of somebody else.
const requestPrefix = "warc:"

// maxRecordID is the maximum length of a record's id that is used as it is.
const maxRecordID = 128

// requestID returns the id of the request for a capture. It depends only on the record, so
// that a record that is read again, also from another file, has the same id.
func requestID(record *warc.Record) string {
	id := record.ID()
	if id != "" && len(id) <= maxRecordID && !strings.ContainsFunc(id, notInID) {
		return requestPrefix + id
	}
	sum := sha256.New()
	for _, part := range []string{
		id, record.URI(), record.Header.Get("WARC-Date"), record.Header.Get("WARC-Payload-Digest"),
		record.Header.Get("WARC-Block-Digest"), record.Type(),
	} {
		sum.Write([]byte(part + "\x00"))
	}
	return requestPrefix + hex.EncodeToString(sum.Sum(nil)[:16])
}

// notInID reports whether a character is not part of a URI, which the id of a record is.
func notInID(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>\^{|}`+"`", r) }
