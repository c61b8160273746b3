// Package warctest makes WARC records for tests and measurements.
package warctest

import (
	"bytes"
	"crypto/sha1"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Record is a record of a web archive.
type Record struct {
	Type, URI string
	Date      time.Time
	// ID is the record's id without angle brackets.
	ID string
	// Fields are further fields of the header, as lines without their ends.
	Fields []string
	Block  []byte
}

// Page returns a response record of an HTML page, in the form of Common Crawl's news
// archive: without transfer and content codings, and with the identified type.
func Page(id, uri string, date time.Time, body []byte) Record {
	block := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"+
		"X-Crawler-Transfer-Encoding: chunked\r\n\r\n%s", len(body), body)
	return Record{
		Type: "response", URI: uri, Date: date, ID: "urn:uuid:" + id, Block: block,
		Fields: []string{"WARC-Payload-Digest: " + Digest(body), "WARC-Identified-Payload-Type: text/html"},
	}
}

// Digest returns the digest of a payload.
func Digest(payload []byte) string {
	sum := sha1.Sum(payload)
	return "sha1:" + base32.StdEncoding.EncodeToString(sum[:])
}

// Bytes returns the record as it is in a file that is not compressed.
func (r Record) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "WARC/1.0\r\nWARC-Type: %s\r\nWARC-Record-ID: <%s>\r\nWARC-Date: %s\r\n", r.Type, r.ID,
		r.Date.UTC().Format("2006-01-02T15:04:05Z"))
	if r.URI != "" {
		fmt.Fprintf(&b, "WARC-Target-URI: %s\r\n", r.URI)
	}
	for _, field := range r.Fields {
		fmt.Fprintf(&b, "%s\r\n", field)
	}
	if r.Type == "response" || r.Type == "revisit" {
		b.WriteString("Content-Type: application/http; msgtype=response\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s\r\n\r\n", len(r.Block), r.Block)
	return b.Bytes()
}

// Gzip returns the record as a gzip member.
func (r Record) Gzip() []byte { return Gzip(r.Bytes()) }

// Gzip compresses a gzip member.
func Gzip(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content) // a buffer accepts everything
	_ = w.Close()
	return b.Bytes()
}
