package web

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// striped returns a PNG with a red left half and a blue right half, and noise between.
func striped(t *testing.T, width, height int) string {
	t.Helper()
	drawn := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{R: 0xff, A: 0xff}
			if x >= width/2 {
				c = color.RGBA{B: 0xff, A: 0xff}
			}
			if x > width/4 && x < 3*width/4 {
				c.G = uint8(x * y)
			}
			drawn.SetRGBA(x, y, c)
		}
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, drawn); err != nil {
		t.Fatal(err)
	}
	return encoded.String()
}

// TestThumbnails makes thumbnails of wide, tall and tiny pictures.
func TestThumbnails(t *testing.T) {
	for _, size := range [][2]int{{1600, 400}, {300, 900}, {600, 400}, {1, 1}, {4000, 1}} {
		data, err := newThumbnail(striped(t, size[0], size[1]))
		if err != nil {
			t.Errorf("%v: %v", size, err)
			continue
		}
		got, format, err := image.Decode(bytes.NewReader(data))
		if err != nil || format != "jpeg" || got.Bounds() != image.Rect(0, 0, thumbnailWidth, thumbnailHeight) {
			t.Errorf("%v: a %s, %v; want a JPEG of %d by %d", size, format, err, thumbnailWidth, thumbnailHeight)
			continue
		}
		if len(data) > 2*maxThumbnailBytes {
			t.Errorf("%v: %d bytes", size, len(data))
		}
		if size[0] < 100 {
			continue
		}
		const dark, bright = 0x6000, 0xa000
		r, _, _, _ := got.At(5, thumbnailHeight/2).RGBA()
		_, _, b, _ := got.At(thumbnailWidth-5, thumbnailHeight/2).RGBA()
		if size[1] > 1 && (r < bright || b < bright) {
			t.Errorf("%v: red %x on the left and blue %x on the right, want both above %x", size, r, b, dark)
		}
	}
}

// TestHugePicturesAreNotDecoded asks for the thumbnails of pictures that would take
// gigabytes, and of damaged ones.
func TestHugePicturesAreNotDecoded(t *testing.T) {
	valid := striped(t, 8, 8)
	huge := []byte(valid)
	const header, sizes = 12, 16 // where the chunk with the size starts, and the size in it
	binary.BigEndian.PutUint32(huge[sizes:], 60_000)
	binary.BigEndian.PutUint32(huge[sizes+4:], 60_000)
	binary.BigEndian.PutUint32(huge[sizes+13:], crc32.ChecksumIEEE(huge[header:sizes+13]))
	for name, picture := range map[string]string{
		"huge": string(huge), "cut": valid[:len(valid)/2], "empty": "", "text": "<svg></svg>",
	} {
		data, err := newThumbnail(picture)
		if err == nil {
			t.Errorf("%s: a thumbnail of %d bytes, want an error", name, len(data))
		}
		if name == "huge" && (err == nil || !strings.Contains(err.Error(), "60000 times 60000 pixels")) {
			t.Errorf("huge: error %v, want one that gives the size", err)
		}
	}
}

// TestFailedPicturesAreRemembered asks twice for a picture that its site does not serve, and
// again after the failure is forgotten.
func TestFailedPicturesAreRemembered(t *testing.T) {
	var requests atomic.Int32
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.NotFound(w, r)
	}))
	defer site.Close()
	proxy := newPictureProxy(sitesOn{site})
	const address = "https://news.example/absent.png"
	ask := func(want int32) {
		t.Helper()
		if _, err := proxy.thumbnail(t.Context(), address); err == nil {
			t.Error("a thumbnail of a picture that does not exist")
		}
		if got := requests.Load(); got != want {
			t.Errorf("%d requests, want %d", got, want)
		}
	}
	ask(1)
	ask(1)
	one, _ := proxy.cached(address)
	proxy.mu.Lock()
	proxy.remove(proxy.cache[address])
	proxy.mu.Unlock()
	one.until = time.Now().Add(-time.Second)
	proxy.keep(one)
	ask(2)
}
