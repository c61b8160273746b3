package web

import (
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/dateline-news/dateline/internal/dialguard"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	// pictureTimeout is the maximum duration of a request for a picture.
	pictureTimeout = 8 * time.Second
	// maxPictureBytes is the maximum size of a picture, maxPictureHeader of the headers
	// of its response, and maxCacheBytes of all cached pictures.
	maxPictureBytes  = 5 << 20
	maxPictureHeader = 32 << 10
	maxCacheBytes    = 64 << 20
	// maxPictureRequests is the maximum number of concurrent requests for pictures.
	maxPictureRequests = 8
	// maxPictureRedirects is the maximum number of redirects that are followed.
	maxPictureRedirects = 3
	// failureMemory is how long a picture is not requested again after a request for it has failed.
	failureMemory = 10 * time.Minute
	// entryBytes is the size of an entry of the cache without its picture, at most.
	entryBytes = 1 << 10
)

// pictureTypes are the types of pictures that are served. SVG can contain scripts.
var pictureTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// pictureProxy gets pictures from sites on behalf of readers, whose browsers then send
// nothing to the sites.
type pictureProxy struct {
	client *http.Client
	flight singleflight.Group
	free   chan struct{}
	// decoding lets one picture be decoded at a time, which bounds the memory that it takes.
	decoding chan struct{}

	mu    sync.Mutex
	cache map[string]*list.Element // by URL
	order *list.List               // of cachedPicture, the latest used first
	bytes int
}

// cachedPicture is a picture, or the failure to get it, which is forgotten after until.
type cachedPicture struct {
	url, contentType, etag, data string

	err   error
	until time.Time
}

func newCachedPicture(url, contentType string, data []byte) cachedPicture {
	sum := sha256.Sum256(data)
	return cachedPicture{
		url: url, contentType: contentType, etag: fmt.Sprintf(`"%x"`, sum[:16]), data: string(data),
	}
}

// errBusy means that too many pictures are being requested.
var errBusy = errors.New("too many pictures are requested at the moment")

// newPictureProxy returns a proxy that connects only to public addresses. transport
// replaces the network in tests.
func newPictureProxy(transport http.RoundTripper) *pictureProxy {
	if transport == nil {
		dialer := net.Dialer{Timeout: pictureTimeout, Control: dialguard.New(nil)}
		transport = &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: pictureTimeout, DisableKeepAlives: true,
			ResponseHeaderTimeout: pictureTimeout, MaxResponseHeaderBytes: maxPictureHeader,
		}
	}
	return &pictureProxy{
		client: &http.Client{Transport: transport, CheckRedirect: checkPictureRedirect},
		free:   make(chan struct{}, maxPictureRequests), decoding: make(chan struct{}, 1),
		cache: map[string]*list.Element{}, order: list.New(),
	}
}

func checkPictureRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxPictureRedirects {
		return errors.New("too many redirects")
	}
	if picture(next.URL.String()) == "" {
		return fmt.Errorf("redirect to %.200s, which is not a public site", next.URL.Redacted())
	}
	return nil
}

// get returns a picture from the cache or from its site. It remembers failures too.
func (p *pictureProxy) get(ctx context.Context, address string) (cachedPicture, error) {
	if one, ok := p.cached(address); ok {
		return one, one.err
	}
	got := p.flight.DoChan(address, func() (any, error) {
		// Another reader may wait for the same picture.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pictureTimeout)
		defer cancel()
		one, err := p.fetch(ctx, address)
		if err != nil {
			one = cachedPicture{url: address, err: err, until: time.Now().Add(failureMemory)}
		}
		if !errors.Is(err, errBusy) {
			p.keep(one)
		}
		return one, err
	})
	select {
	case result := <-got:
		one, _ := result.Val.(cachedPicture)
		return one, result.Err
	case <-ctx.Done():
		return cachedPicture{}, ctx.Err()
	}
}

func (p *pictureProxy) fetch(ctx context.Context, address string) (cachedPicture, error) {
	select {
	case p.free <- struct{}{}:
		defer func() { <-p.free }()
	case <-ctx.Done():
		return cachedPicture{}, errBusy
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return cachedPicture{}, err
	}
	request.Header.Set("User-Agent", "Dateline (picture for a reader)")
	request.Header.Set("Accept", "image/webp, image/jpeg, image/png, image/gif")
	response, err := p.client.Do(request)
	if err != nil {
		return cachedPicture{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return cachedPicture{}, fmt.Errorf("status %d", response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxPictureBytes+1))
	if err != nil {
		return cachedPicture{}, err
	}
	if len(data) > maxPictureBytes {
		return cachedPicture{}, fmt.Errorf("larger than %d MiB", maxPictureBytes>>20)
	}
	contentType := http.DetectContentType(data)
	if !slices.Contains(pictureTypes, contentType) {
		return cachedPicture{}, fmt.Errorf("not a picture but %s", contentType)
	}
	return newCachedPicture(address, contentType, data), nil
}

func (p *pictureProxy) cached(address string) (cachedPicture, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	element, ok := p.cache[address]
	if !ok {
		return cachedPicture{}, false
	}
	one := element.Value.(cachedPicture)
	if !one.until.IsZero() && time.Now().After(one.until) {
		p.remove(element)
		return cachedPicture{}, false
	}
	p.order.MoveToFront(element)
	return one, true
}

// keep adds a picture to the cache and removes those that have not been used for longest.
func (p *pictureProxy) keep(one cachedPicture) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.cache[one.url]; ok {
		return
	}
	p.cache[one.url] = p.order.PushFront(one)
	p.bytes += entryBytes + len(one.data)
	for p.bytes > maxCacheBytes {
		p.remove(p.order.Back())
	}
}

// remove removes an entry. p.mu must be held.
func (p *pictureProxy) remove(element *list.Element) {
	one := p.order.Remove(element).(cachedPicture)
	delete(p.cache, one.url)
	p.bytes -= entryBytes + len(one.data)
}

// pictureURL returns the path of an article's picture on this server, or "" if the picture
// may not be shown. path is that of the article or of its revision.
func pictureURL(path string, a *datelinev1.Article, image *datelinev1.Image) string {
	i := slices.Index(a.GetImages(), image)
	if i < 0 || picture(image.GetUrl()) == "" {
		return ""
	}
	return fmt.Sprintf("%s/pictures/%d", path, i)
}

// showPicture serves a picture of an article or of a revision. Only pictures of stored
// articles are served.
func (s *site) showPicture(w http.ResponseWriter, r *http.Request) {
	article, err := s.namedRecord(r)
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	number, err := strconv.ParseUint(r.PathValue("number"), 10, 16)
	images := article.GetImages()
	if err != nil || number >= uint64(len(images)) || picture(images[number].GetUrl()) == "" || !s.config.Pictures {
		http.Error(w, "no such picture", http.StatusNotFound)
		return
	}
	one, err := s.pictures.get(r.Context(), picture(images[number].GetUrl()))
	if err != nil {
		s.log.Info("getting picture failed", "url", images[number].GetUrl(), "error", err)
		http.Error(w, "the site did not serve this picture", http.StatusBadGateway)
		return
	}
	servePicture(w, r, one)
}

// servePicture serves a picture that came from a site.
func servePicture(w http.ResponseWriter, r *http.Request, one cachedPicture) {
	w.Header().Set("Content-Type", one.contentType)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	// A browser asks again before it shows its copy, because the article may be erased.
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", one.etag)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(one.data))
}
