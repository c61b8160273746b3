package objects_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
)

// TestFailingRequests has each request of an operation refused once. The operation must then report an error or have
// done everything.
func TestFailingRequests(t *testing.T) {
	server := s3test.Start(t)
	server.KeepVersions()
	failing := s3test.Fail(t, server)
	owner, client := server.Client(), s3test.Client(t, failing.Config)
	put := func(c *objects.Client, key string, data []byte) error {
		return c.Put(t.Context(), at(key), bytes.NewReader(data), int64(len(data)))
	}
	number := 0
	next := func(size int) []byte { // of a content that differs from the one before
		number++
		return append(noise(size), strconv.Itoa(number)...)
	}
	for name, size := range map[string]int{"small": 100, "large": 17 << 20} {
		var data []byte
		failing.Each(t, func(context.Context) error {
			data = next(size)
			return put(client, name, data)
		}, func() {
			if got, err := read(t, owner, name, 0, -1); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: read %d of %d bytes, %v", name, len(got), len(data), err)
			}
		})
	}
	prepare := func() {
		for _, text := range []string{"oldest words", "older words", "current words"} {
			if err := put(owner, "versions", []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	failing.Each(t, func(context.Context) error {
		prepare()
		return client.DropOldVersions(t.Context(), at("versions"))
	}, func() {
		if server.Holds("oldest words") || server.Holds("older words") || !server.Holds("current words") {
			t.Error("an old version is left, or the current one is gone")
		}
	})
	failing.Each(t, func(context.Context) error {
		prepare()
		return client.Delete(t.Context(), at("versions"))
	}, func() {
		if server.Holds("oldest words") || server.Holds("older words") || server.Holds("current words") {
			t.Error("a version is left")
		}
	})
	failing.Each(t, func(context.Context) error {
		_, problems := client.Check(t.Context(), at("probe"))
		return errors.Join(problems...)
	}, func() {})
	failing.Each(t, func(context.Context) error {
		found, err := client.Stat(t.Context(), at("small"))
		if err == nil && found.Size < 100 {
			t.Errorf("found %+v", found)
		}
		return err
	}, func() {})
	failing.Each(t, func(context.Context) error {
		_, err := read(t, client, "small", 0, -1)
		return err
	}, func() {})
}

// unreadable is a file that cannot be read.
type unreadable struct{}

func (unreadable) ReadAt([]byte, int64) (int, error) { return 0, errors.New("input/output error") }

// fake serves requests for objects as a service does that does not check signatures, and counts them.
func fake(t *testing.T, handle http.HandlerFunc) (*objects.Client, *atomic.Int32) {
	t.Helper()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handle(w, r)
	}))
	t.Cleanup(server.Close)
	config := objects.DefaultConfig()
	config.Endpoint, config.PathStyle, config.AccessKey, config.SecretKey = server.URL, true, "key", "secret"
	return s3test.Client(t, config), &requests
}

// TestUnreadableFiles uploads files that cannot be read, or that are shorter than announced. Nothing is stored.
func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	client, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			t.Errorf("%s %s stores something", r.Method, r.URL)
		}
		w.WriteHeader(http.StatusForbidden)
	})
	for name, file := range map[string]io.ReaderAt{"unreadable": unreadable{}, "short": strings.NewReader("1234")} {
		err := client.Put(t.Context(), at("a"), file, 5)
		if err == nil || !strings.Contains(err.Error(), "reading the file") {
			t.Errorf("%s: %v, want an error about the file", name, err)
		}
	}
}

// TestLongListings lists buckets with about as many objects as a response has, or a few times as many.
func TestLongListings(t *testing.T) {
	t.Parallel()
	type content struct {
		Key  string
		Size int
		ETag string
	}
	type result struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		NextToken   string `xml:"NextContinuationToken"`
		Contents    []content
	}
	const limit = 1000
	for _, total := range []int{0, 1, limit - 1, limit, limit + 1, 2 * limit, 2*limit + 1} {
		fails := false
		client, _ := fake(t, func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			after := max(query.Get("start-after"), query.Get("continuation-token"))
			if after != "" && fails {
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code></Error>")
				return
			}
			page := result{}
			for i := range total {
				if key := fmt.Sprintf("a/%05d", i); key > after && len(page.Contents) < limit {
					page.Contents = append(page.Contents, content{Key: key, Size: i, ETag: strconv.Itoa(i)})
					page.IsTruncated, page.NextToken = i < total-1, key
				}
			}
			_ = xml.NewEncoder(w).Encode(page)
		})
		listed := func() (n int, err error) {
			for object, err := range client.List(t.Context(), at("a/")) {
				if err != nil {
					return n, err
				}
				if object.Key != fmt.Sprintf("a/%05d", n) || object.Size != int64(n) || object.ETag != strconv.Itoa(n) {
					t.Fatalf("of %d: object %d is %+v", total, n, object)
				}
				n++
			}
			return n, nil
		}
		if n, err := listed(); n != total || err != nil {
			t.Errorf("listed %d of %d, %v", n, total, err)
		}
		fails = true
		if n, err := listed(); n != min(total, limit) || (err != nil) != (total >= limit) {
			t.Errorf("while further responses fail: listed %d of %d, %v", n, total, err)
		}
		for _, err := range client.List(t.Context(), at("a/")) {
			if err != nil {
				t.Error(err)
			}
			break // which must not read on
		}
	}
}

// TestTransfersThatBreak reads an object of ten bytes from a service that breaks each transfer: after one byte, or
// before the first one.
func TestTransfersThatBreak(t *testing.T) {
	t.Parallel()
	const data = "0123456789"
	for _, c := range []struct {
		progress, offset, length int
		want                     string
		requests                 int32
		broken                   bool
	}{
		{1, 0, -1, data, 10, false},
		{1, 3, -1, data[3:], 7, false},
		{1, 3, 4, data[3:7], 4, false},
		{10, 2, 3, data[2:5], 1, false},
		{0, 0, -1, "", 5, true}, // the number of attempts
	} {
		client, requests := fake(t, func(w http.ResponseWriter, r *http.Request) {
			from, to := 0, len(data)-1
			status := http.StatusOK
			if text, is := strings.CutPrefix(r.Header.Get("Range"), "bytes="); is {
				first, last, _ := strings.Cut(text, "-")
				from, _ = strconv.Atoi(first)
				if last != "" {
					to, _ = strconv.Atoi(last)
				}
				status = http.StatusPartialContent
			}
			if tag := r.Header.Get("If-Match"); tag != "" && strings.Trim(tag, `"`) != "tag" {
				t.Errorf("the object is asked for with the tag %s", tag)
			}
			header := w.Header()
			header.Set("ETag", `"tag"`)
			header.Set("Last-Modified", time.Unix(1e9, 0).UTC().Format(http.TimeFormat))
			header.Set("Content-Length", strconv.Itoa(to+1-from))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, data[from:min(to+1, from+c.progress)])
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			panic(http.ErrAbortHandler)
		})
		body, err := client.Open(t.Context(), at("a"), int64(c.offset), int64(c.length))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if string(got) != c.want || (err != nil) != c.broken || requests.Load() != c.requests {
			t.Errorf("%+v: read %q with %d requests, %v", c, got, requests.Load(), err)
		}
		if c.broken && (!errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "reading s3://")) {
			t.Errorf("the error is %v", err)
		}
		body.Close()
	}
}

// TestCallsAreRepeated has a service that is unavailable for a while, or for longer than a call is repeated.
func TestCallsAreRepeated(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int32]int32{1: 2, 100: 5} {
		left := atomic.Int32{}
		left.Store(failures)
		client, requests := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			if left.Add(-1) >= 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("ETag", `"tag"`)
			w.Header().Set("Last-Modified", time.Unix(1e9, 0).UTC().Format(http.TimeFormat))
		})
		_, err := client.Stat(t.Context(), at("a"))
		if (err != nil) != (failures == 100) || requests.Load() != want {
			t.Errorf("after %d failures: %d requests, %v; want %d", failures, requests.Load(), err, want)
		}
	}
}
