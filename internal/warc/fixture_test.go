package warc_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/dateline-news/dateline/internal/warc"
)

// page returns the block of a response with a page that names a place.
func page(place string) string {
	body := "<!doctype html><title>" + place + "</title>" + strings.Repeat("<p>News from "+place+".</p>", 50)
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// record returns a WARC record of a page.
func record(place string) string { return recordOf(place, page(place), len(page(place))) }

// recordOf returns a WARC record whose header states a length.
func recordOf(place, block string, length int) string {
	return fmt.Sprintf("WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:%s>\r\n"+
		"WARC-Target-URI: https://%[1]s.example/\r\nWARC-Date: 2026-11-01T10:20:30.5Z\r\n"+
		"Content-Type: application/http;msgtype=response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", place, length, block)
}

// arcRecord returns an ARC record of a page.
func arcRecord(place string) string {
	block := page(place)
	return fmt.Sprintf("https://%s.example/ 192.0.2.1 20261101102030 text/html %d\n%s\n", place, len(block), block)
}

// gz compresses a member.
func gz(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text) // a buffer accepts everything
	_ = w.Close()
	return b.String()
}

// zst compresses a frame.
func zst(t *testing.T, text string, options ...zstd.EOption) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// reading is what was read from a file.
type reading struct {
	places  []string // of the complete records
	offsets []int64
	damages []*warc.DamageError
}

// read reads a file to its end.
func read(t *testing.T, file io.Reader) reading {
	t.Helper()
	r := warc.NewReader(file)
	defer r.Close()
	var got reading
	for {
		rec, err := r.Next()
		if damage, ok := errors.AsType[*warc.DamageError](err); ok {
			got.damages = append(got.damages, damage)
			continue
		}
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		block, err := io.ReadAll(rec.Block)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			continue
		}
		if damage, ok := errors.AsType[*warc.DamageError](r.Finish()); ok {
			got.damages = append(got.damages, damage)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Type() == warc.TypeInfo {
			continue
		}
		place := strings.TrimSuffix(strings.TrimPrefix(rec.URI(), "https://"), ".example/")
		if date, err := rec.Date(); err != nil || date.Year() != 2026 || rec.Type() != warc.TypeResponse {
			t.Errorf("the record of %s has date %v (%v) and type %s", place, date, err, rec.Type())
		}
		if rec.Length == int64(len(page(place))) && string(block) != page(place) {
			t.Errorf("the block of %s is wrong: %.80q", place, block)
		}
		got.places, got.offsets = append(got.places, place), append(got.offsets, rec.Offset)
	}
}
