package objects_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func at(key string) objects.Location { return objects.Location{Bucket: s3test.Bucket, Key: key} }

func noise(size int) []byte {
	data := make([]byte, size)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(data)
	return data
}

func read(t *testing.T, c *objects.Client, key string, offset, length int64) ([]byte, error) {
	t.Helper()
	body, err := c.Open(t.Context(), at(key), offset, length)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

func TestObjectsAreStoredReadListedAndDeleted(t *testing.T) {
	server := s3test.Start(t)
	c := server.Client()
	large := noise(40<<20 + 123) // three parts
	for key, data := range map[string][]byte{"a/large": large, "a/small": []byte("small"), "b/small": []byte("s")} {
		if err := c.Put(t.Context(), at(key), bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		got, err := read(t, c, key, 0, -1)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: read %d bytes, %v; want %d", key, len(got), err, len(data))
		}
	}
	for key, data := range map[string][]byte{"a/large": large, "a/small": []byte("small")} {
		sum := sha256.Sum256(data)
		found, err := c.Stat(t.Context(), at(key))
		if err != nil || found.Key != key || found.Size != int64(len(data)) || found.ETag == "" ||
			found.Digest != hex.EncodeToString(sum[:]) {
			t.Errorf("%s is found as %+v, %v; want %d bytes with the digest %x", key, found, err, len(data), sum)
		}
	}
	if got, err := read(t, c, "a/large", 20<<20-3, 10); err != nil || !bytes.Equal(got, large[20<<20-3:20<<20+7]) {
		t.Errorf("range: %d bytes, %v", len(got), err)
	}
	if got, err := read(t, c, "a/large", int64(len(large)-5), -1); err != nil || !bytes.Equal(got, large[len(large)-5:]) {
		t.Errorf("end: %d bytes, %v", len(got), err)
	}
	var keys []string
	for object, err := range c.List(t.Context(), at("a/")) {
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"a/large": len(large), "a/small": 5}[object.Key]; object.Size != int64(want) ||
			object.ETag == "" {
			t.Errorf("listed %+v, want %d bytes", object, want)
		}
		keys = append(keys, object.Key)
	}
	if !slices.Equal(keys, []string{"a/large", "a/small"}) {
		t.Errorf("listed %q", keys)
	}
	for range 2 { // deleting what is gone succeeds, too
		if err := c.Delete(t.Context(), at("a/large")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := read(t, c, "a/large", 0, -1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a deleted object is read with %v", err)
	}
	if _, err := c.Stat(t.Context(), at("a/large")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a deleted object is found with %v", err)
	}
	if keys := server.Keys(); !slices.Equal(keys, []string{"a/small", "b/small"}) {
		t.Errorf("the bucket has %q", keys)
	}
}

// TestBrokenTransfersAreRepeated cuts connections in the middle of uploads and downloads.
func TestBrokenTransfersAreRepeated(t *testing.T) {
	server := s3test.Start(t)
	proxy := s3test.NewProxy(t, server)
	proxy.Up.Cut.Store(5 << 20)
	proxy.Up.Cuts.Store(2)
	c := s3test.Client(t, proxy.Config)
	data := noise(20 << 20)
	if err := c.Put(t.Context(), at("a"), bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	if left := proxy.Up.Cuts.Load(); left > 0 {
		t.Fatalf("%d connections were not cut", left)
	}
	proxy.Down.Cut.Store(3 << 20)
	proxy.Down.Cuts.Store(4)
	got, err := read(t, c, "a", 0, -1)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d of %d bytes, %v", len(got), len(data), err)
	}
	if left := proxy.Down.Cuts.Load(); left > 0 {
		t.Errorf("%d responses were not cut", left)
	}
}

// TestDamagedUploadIsNotStored changes a bit on the way. The part is repeated, and if all
// attempts are damaged, the upload fails and leaves nothing.
func TestDamagedUploadIsNotStored(t *testing.T) {
	server := s3test.Start(t)
	proxy := s3test.NewProxy(t, server)
	proxy.Up.Flip.Store(1 << 20)
	proxy.Up.Flips.Store(1)
	c := s3test.Client(t, proxy.Config)
	data := noise(17 << 20)
	if err := c.Put(t.Context(), at("a"), bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, c, "a", 0, -1); err != nil || !bytes.Equal(got, data) || proxy.Up.Flips.Load() > 0 {
		t.Errorf("read %d of %d bytes, %v; %d connections not damaged", len(got), len(data), err, proxy.Up.Flips.Load())
	}
	proxy.Up.Flips.Store(1 << 20)
	err := c.Put(t.Context(), at("b"), bytes.NewReader(data), int64(len(data)))
	if err == nil {
		t.Error("a damaged upload has succeeded")
	}
	if keys, uploads := server.Keys(), server.Uploads(); !slices.Equal(keys, []string{"a"}) || len(uploads) > 0 {
		t.Errorf("the bucket has %q and the uploads %q", keys, uploads)
	}
}

// TestAbandonedUploadsAreRemoved leaves parts in the bucket, as a process does that is killed.
func TestAbandonedUploadsAreRemoved(t *testing.T) {
	server := s3test.Start(t)
	server.Abandon("a")
	if uploads := server.Uploads(); !slices.Equal(uploads, []string{"a"}) {
		t.Fatalf("uploads before: %q", uploads)
	}
	if err := server.Client().Put(t.Context(), at("a"), strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	if uploads := server.Uploads(); len(uploads) > 0 {
		t.Errorf("uploads after: %q", uploads)
	}
}

// TestOldVersionsAreDeleted checks that no version of the content is left in a bucket that
// keeps versions.
func TestOldVersionsAreDeleted(t *testing.T) {
	server := s3test.Start(t)
	server.KeepVersions()
	c := server.Client()
	put := func(key, text string) {
		t.Helper()
		if err := c.Put(t.Context(), at(key), strings.NewReader(text), int64(len(text))); err != nil {
			t.Fatal(err)
		}
	}
	put("a", "first secret")
	put("a.other", "another object")
	put("a", "second")
	if !server.Holds("first secret") {
		t.Fatal("the bucket keeps no versions")
	}
	if err := c.DropOldVersions(t.Context(), at("a")); err != nil {
		t.Fatal(err)
	}
	got, err := read(t, c, "a", 0, -1)
	if server.Holds("first secret") || err != nil || string(got) != "second" {
		t.Errorf("read %q, %v; the old version is left: %t", got, err, server.Holds("first secret"))
	}
	if err := c.Delete(t.Context(), at("a")); err != nil {
		t.Fatal(err)
	}
	if server.Holds("second") || !server.Holds("another object") {
		t.Errorf("deleted: %t, other object kept: %t", !server.Holds("second"), server.Holds("another object"))
	}
}

func TestReaderNoticesThatTheObjectHasChanged(t *testing.T) {
	server := s3test.Start(t)
	proxy := s3test.NewProxy(t, server)
	data := noise(8 << 20)
	if err := server.Client().Put(t.Context(), at("a"), bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	proxy.Down.Cut.Store(1 << 20)
	proxy.Down.Cuts.Store(1)
	body, err := s3test.Client(t, proxy.Config).Open(t.Context(), at("a"), 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if err := server.Client().Put(t.Context(), at("a"), bytes.NewReader(data[1:]), int64(len(data)-1)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("got %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	valid := objects.DefaultConfig()
	for name, change := range map[string]func(*objects.Config){
		"endpoint is not the URL": func(c *objects.Config) { c.Endpoint = "s3.example.com" },
		"without a path":          func(c *objects.Config) { c.Endpoint = "https://s3.example.com/bucket" },
		"region is empty":         func(c *objects.Config) { c.Region = "" },
		"belong together":         func(c *objects.Config) { c.AccessKey = "key" },
		"both set": func(c *objects.Config) {
			c.AccessKey, c.SecretKey, c.Credentials = "key", "secret", "file"
		},
	} {
		config := valid
		change(&config)
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := valid.Validate(); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "s3://", "s3:///key", "https://bucket/key", "s3://user@bucket/key",
		"s3://buck et/key", "s3://bucket?x/key", "s3://bucket#x/key", "s3://bucket:9000/key", `s3://bucket\x/key`} {
		if at, err := objects.ParseLocation(text); err == nil {
			t.Errorf("%q was accepted as %v", text, at)
		}
	}
	for text, want := range map[string]string{
		"s3://news/a/b": "s3://news/a/b/c", "s3://news/a/b/": "s3://news/a/b/c", "s3://news": "s3://news/c",
		"s3://news/": "s3://news/c", "s3://news/a?b#c": "s3://news/a?b#c/c",
	} {
		if at, err := objects.ParseLocation(text); err != nil || at.Below("c").String() != want {
			t.Errorf("below %s: got %s, %v; want %s", text, at.Below("c"), err, want)
		}
	}
}
