package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // registers the decoder of GIF
	"image/jpeg"
	_ "image/png" // registers the decoder of PNG
	"net/http"
	"net/url"
	"strings"

	_ "golang.org/x/image/webp" // registers the decoder of WebP

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
)

const (
	// thumbnailWidth and thumbnailHeight are the size of a thumbnail in pixels. A page shows
	// it smaller, so that it is sharp on dense displays.
	thumbnailWidth  = 180
	thumbnailHeight = 120
	// maxThumbnailBytes is the size that a thumbnail of ordinary detail does not exceed. The
	// thumbnails of a page of hits then take less than 70 KB.
	maxThumbnailBytes = 3_400
	// maxPixels is the maximum number of pixels of a picture that is decoded. A picture takes
	// up to 16 bytes for each while it is decoded.
	maxPixels = 6_000_000
	// samplesPerPixel is the number of places in each direction that are averaged for a pixel
	// of a thumbnail.
	samplesPerPixel = 4
)

// thumbnailQualities are the qualities of JPEG that are tried until a thumbnail is small.
var thumbnailQualities = []int{65, 45, 30, 20}

// thumbnail returns the thumbnail of a picture from the cache, or makes it.
func (p *pictureProxy) thumbnail(ctx context.Context, address string) (cachedPicture, error) {
	key := "thumbnail of " + address
	if one, ok := p.cached(key); ok {
		return one, one.err
	}
	original, err := p.get(ctx, address)
	if err != nil {
		return cachedPicture{}, err
	}
	select {
	case p.decoding <- struct{}{}:
		defer func() { <-p.decoding }()
	case <-ctx.Done():
		return cachedPicture{}, ctx.Err()
	}
	one := cachedPicture{url: key}
	if data, err := newThumbnail(original.data); err != nil {
		one.err = fmt.Errorf("making a thumbnail: %w", err)
	} else {
		one = newCachedPicture(key, "image/jpeg", data)
	}
	p.keep(one)
	return one, one.err
}

// newThumbnail returns the middle of a picture as a small JPEG.
func newThumbnail(picture string) ([]byte, error) {
	config, _, err := image.DecodeConfig(strings.NewReader(picture))
	if err != nil {
		return nil, err
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return nil, fmt.Errorf("the picture has %d times %d pixels, want at most %d in all", config.Width, config.Height,
			maxPixels)
	}
	decoded, _, err := image.Decode(strings.NewReader(picture))
	if err != nil {
		return nil, err
	}
	if decoded.Bounds().Empty() {
		return nil, errors.New("the picture is empty")
	}
	small := scale(decoded, cropped(decoded.Bounds()))
	var encoded bytes.Buffer
	for _, quality := range thumbnailQualities {
		encoded.Reset()
		if err := jpeg.Encode(&encoded, small, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if encoded.Len() <= maxThumbnailBytes {
			break
		}
	}
	return encoded.Bytes(), nil
}

// cropped returns the largest part of a picture that has the proportions of a thumbnail. The
// part is in the middle, or nearer to the top of a tall picture, where faces are.
func cropped(all image.Rectangle) image.Rectangle {
	width, height := all.Dx(), all.Dy()
	if width*thumbnailHeight > height*thumbnailWidth {
		width = max(1, height*thumbnailWidth/thumbnailHeight)
	} else {
		height = max(1, width*thumbnailHeight/thumbnailWidth)
	}
	const third = 3
	corner := all.Min.Add(image.Pt((all.Dx()-width)/2, (all.Dy()-height)/third))
	return image.Rectangle{corner, corner.Add(image.Pt(width, height))}
}

// scale returns a part of a picture in the size of a thumbnail, on white.
func scale(from image.Image, part image.Rectangle) *image.RGBA {
	to := image.NewRGBA(image.Rect(0, 0, thumbnailWidth, thumbnailHeight))
	draw.Draw(to, to.Bounds(), image.White, image.Point{}, draw.Src)
	const across, down, samples = thumbnailWidth * samplesPerPixel, thumbnailHeight * samplesPerPixel,
		samplesPerPixel * samplesPerPixel
	for y := range thumbnailHeight {
		for x := range thumbnailWidth {
			var r, g, b, a uint32
			for i := range samples {
				sx := (x*samplesPerPixel + i%samplesPerPixel) * part.Dx() / across
				sy := (y*samplesPerPixel + i/samplesPerPixel) * part.Dy() / down
				red, green, blue, alpha := from.At(part.Min.X+sx, part.Min.Y+sy).RGBA()
				r, g, b, a = r+red, g+green, b+blue, a+alpha
			}
			const opaque = 0xffff
			light := opaque - a/samples // of the white below
			to.SetRGBA(x, y, color.RGBA{
				uint8((r/samples + light) >> 8), uint8((g/samples + light) >> 8), uint8((b/samples + light) >> 8), 0xff,
			})
		}
	}
	return to
}

// thumbnailURL returns the path of an article's thumbnail on this server, or "" if the
// article has no picture that may be shown. Templates call it.
func (s *site) thumbnailURL(id string, a *datelinev1.Article) string {
	if !s.config.Pictures || picture(leadImage(a).GetUrl()) == "" {
		return ""
	}
	return "/articles/" + url.PathEscape(id) + "/thumbnail"
}

// showThumbnail serves the thumbnail of a stored article.
func (s *site) showThumbnail(w http.ResponseWriter, r *http.Request) {
	hit, err := s.Article(r.Context(), library.Name(r.PathValue("id")))
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	address := picture(leadImage(hit.Article).GetUrl())
	if !s.config.Pictures || address == "" {
		http.Error(w, "no such picture", http.StatusNotFound)
		return
	}
	one, err := s.pictures.thumbnail(r.Context(), address)
	if err != nil {
		s.log.Debug("getting thumbnail failed", "url", address, "error", err)
		http.Error(w, "there is no thumbnail of this picture", http.StatusNotFound)
		return
	}
	servePicture(w, r, one)
}
