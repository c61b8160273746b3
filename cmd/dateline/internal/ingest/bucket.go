package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dateline-news/dateline/internal/objects"
)

// findInBucket returns the object that a URL names, or else the archives whose keys begin
// with that of the URL, in the order of the keys.
func (in Sources) findInBucket(ctx context.Context, url string) ([]Archive, error) {
	at, err := objects.ParseLocation(url)
	if err != nil {
		return nil, err
	}
	if at.Key != "" {
		object, err := in.Bucket.Stat(ctx, at)
		if err == nil {
			return []Archive{in.objectOf(at, object)}, nil
		}
		// Keys that may not list a bucket are also denied to look for an object that is missing.
		if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, objects.ErrDenied) {
			return nil, err
		}
	}
	var found []Archive
	for object, err := range in.Bucket.List(ctx, at) {
		if err != nil {
			return nil, err
		}
		if hasSuffix(object.Key) {
			found = append(found, in.objectOf(objects.Location{Bucket: at.Bucket, Key: object.Key}, object))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the bucket %s has no web archives whose keys begin with %q: check the prefix; their keys "+
			"end with %s", at.Bucket, at.Key, strings.Join(suffixes, ", "))
	}
	return found, nil
}

func (in Sources) objectOf(at objects.Location, object objects.Object) Archive {
	return Archive{
		Name: at.String(), Size: object.Size,
		Open: func(ctx context.Context) (io.ReadCloser, error) { return in.Bucket.Open(ctx, at, 0, -1) },
	}
}
