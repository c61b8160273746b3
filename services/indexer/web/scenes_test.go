package web_test

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
)

// scenes answers every request with a drawn landscape, which depends on the URL.
type scenes struct{}

func (scenes) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, scene(r.URL.String())); err != nil {
		return nil, err
	}
	_, err := recorder.Write(encoded.Bytes())
	return recorder.Result(), err
}

// scene draws ridges below a sky.
func scene(name string) image.Image {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name))
	seed := float64(sum.Sum32() % 1000)
	const width, height, ridges = 480, 320, 4
	drawn := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			up := 1 - float64(y)/height
			c := color.RGBA{uint8(225 - 90*up), uint8(215 - 50*up), uint8(205 + 30*up), 255}
			for ridge := range ridges {
				far := float64(ridges - ridge)
				top := 0.14*far + 0.05*math.Sin(float64(x)/(18*far)+seed*far) + 0.03*math.Sin(float64(x)/(7*far)+seed)
				if up < top {
					shade := 0.35 + 0.13*far
					c = color.RGBA{uint8(70 * shade), uint8((90 + math.Mod(seed, 60)) * shade), uint8(120 * shade), 255}
				}
			}
			drawn.SetRGBA(x, y, c)
		}
	}
	return drawn
}
