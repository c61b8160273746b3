package objects

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	// minPart and maxParts are the size of the smallest part and the number of parts.
	minPart  = 16 << 20
	maxParts = 10_000
	// partTimeout bounds the transfer of a part of minPart bytes.
	partTimeout = 5 * time.Minute
	// digestField is the field of user metadata with the digest of an object.
	digestField = "Sha256"
)

// Put uploads a file of a size above 0, and returns once the service has the object completely. An
// earlier object is replaced in one step. The service checks each part against its digests.
// Parts of uploads of the same object that were broken off before are removed.
func (c *Client) Put(ctx context.Context, at Location, file io.ReaderAt, size int64) error {
	digest, err := digestOf(file, size)
	if err != nil {
		return err
	}
	if err := c.abortOthers(ctx, at); err != nil {
		return err
	}
	options := minio.PutObjectOptions{
		UserMetadata: map[string]string{digestField: digest}, ContentType: "application/octet-stream",
	}
	if size <= minPart {
		err = c.putWhole(ctx, at, file, size, options)
	} else {
		err = c.putParts(ctx, at, file, size, options)
	}
	if err != nil {
		return err
	}
	stored, err := c.Stat(ctx, at)
	if err != nil {
		return err
	}
	if stored.Size != size || stored.Digest != "" && stored.Digest != digest {
		return fmt.Errorf("checking %s: the service has %d bytes with the digest %q, expected %d with %q", at, stored.Size,
			stored.Digest, size, digest)
	}
	return nil
}

func digestOf(file io.ReaderAt, size int64) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(file, 0, size)); err != nil {
		return "", fmt.Errorf("reading the file to upload: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (c *Client) putWhole(
	ctx context.Context, at Location, file io.ReaderAt, size int64, options minio.PutObjectOptions,
) error {
	data, md5Sum, sha, err := part(file, 0, size)
	if err != nil {
		return err
	}
	return c.attempt(ctx, partTimeout, uploading, at, func(ctx context.Context) error {
		_, err := c.core.PutObject(ctx, at.Bucket, at.Key, bytes.NewReader(data), size, md5Sum, sha, options)
		return err
	})
}

// part reads a part of a file, and returns it with its digests.
func part(file io.ReaderAt, offset, length int64) (data []byte, md5Base64, sha256Hex string, err error) {
	data = make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(file, offset, length), data); err != nil {
		return nil, "", "", fmt.Errorf("reading the file to upload: %w", err)
	}
	sum := md5.Sum(data) //nolint:gosec // S3 demands it for Content-MD5
	sha := sha256.Sum256(data)
	return data, base64.StdEncoding.EncodeToString(sum[:]), hex.EncodeToString(sha[:]), nil
}

// putParts uploads a file in parts, one after another.
func (c *Client) putParts(
	ctx context.Context, at Location, file io.ReaderAt, size int64, options minio.PutObjectOptions,
) (err error) {
	var id string
	err = c.attempt(ctx, callTimeout, uploading, at, func(ctx context.Context) (err error) {
		id, err = c.core.NewMultipartUpload(ctx, at.Bucket, at.Key, options)
		return err
	})
	if err != nil {
		return err
	}
	partSize := max(minPart, (size+maxParts-1)/maxParts)
	timeout := partTimeout * time.Duration(partSize/minPart)
	var parts []minio.CompletePart
	for offset := int64(0); offset < size && err == nil; offset += partSize {
		number, length := len(parts)+1, min(partSize, size-offset)
		data, md5Sum, sha, readErr := part(file, offset, length)
		if err = readErr; err != nil {
			break
		}
		err = c.attempt(ctx, timeout, uploading, at, func(ctx context.Context) error {
			stored, err := c.core.PutObjectPart(ctx, at.Bucket, at.Key, id, number, bytes.NewReader(data), length,
				minio.PutObjectPartOptions{Md5Base64: md5Sum, Sha256Hex: sha})
			if err == nil {
				parts = append(parts, minio.CompletePart{PartNumber: number, ETag: stored.ETag})
			}
			return err
		})
	}
	if err == nil {
		err = c.attempt(ctx, callTimeout, uploading, at, func(ctx context.Context) error {
			_, err := c.core.CompleteMultipartUpload(ctx, at.Bucket, at.Key, id, parts, options)
			if responseOf(err).Code == "NoSuchUpload" && len(parts) > 0 {
				return nil // an attempt has succeeded whose answer was lost; Put checks the object
			}
			return err
		})
	}
	if err != nil {
		// The next upload of the object removes the parts if this fails.
		_ = c.core.AbortMultipartUpload(context.WithoutCancel(ctx), at.Bucket, at.Key, id)
	}
	return err
}

// abortOthers removes the parts of uploads of an object that were broken off. It does
// nothing if the service or the keys do not allow it: the parts only take space.
func (c *Client) abortOthers(ctx context.Context, at Location) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := c.core.RemoveIncompleteUpload(ctx, at.Bucket, at.Key)
	if err == nil || responseOf(err).StatusCode != 0 && responseOf(err).Code != minio.NoSuchBucket {
		return nil
	}
	return c.explain(err, uploading, at)
}

// Delete deletes an object with all its versions. Deleting an object that
// does not exist succeeds.
func (c *Client) Delete(ctx context.Context, at Location) error {
	if err := c.remove(ctx, at, ""); err != nil {
		return err
	}
	_, err := c.removeVersions(ctx, at, false)
	return err
}

// DropOldVersions deletes all versions of an object but the current one.
func (c *Client) DropOldVersions(ctx context.Context, at Location) error {
	_, err := c.removeVersions(ctx, at, true)
	return err
}

func (c *Client) remove(ctx context.Context, at Location, version string) error {
	what := deleting
	if version != "" {
		what = deletingVersion
	}
	err := c.attempt(ctx, callTimeout, what, at, func(ctx context.Context) error {
		return c.core.RemoveObject(ctx, at.Bucket, at.Key, minio.RemoveObjectOptions{VersionID: version})
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// removeVersions deletes the versions of an object, and returns their number. Buckets
// without versioning have none.
func (c *Client) removeVersions(ctx context.Context, at Location, keepCurrent bool) (int, error) {
	var versions []string
	err := c.attempt(ctx, callTimeout, listingVersions, at, func(ctx context.Context) (err error) {
		versions, err = c.versions(ctx, at, keepCurrent)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, version := range versions {
		if err := c.remove(ctx, at, version); err != nil {
			return 0, err
		}
	}
	return len(versions), nil
}

func (c *Client) versions(ctx context.Context, at Location, keepCurrent bool) (versions []string, err error) {
	config, err := c.core.GetBucketVersioning(ctx, at.Bucket)
	switch response := responseOf(err); {
	case err == nil && config.Status == "":
		return nil, nil
	case response.StatusCode == http.StatusNotImplemented, response.Code == "NoSuchVersioningConfiguration":
		return nil, nil
	case err != nil && response.Code != minio.AccessDenied:
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for info := range c.core.ListObjectsIter(ctx, at.Bucket, minio.ListObjectsOptions{
		Prefix: at.Key, Recursive: true, WithVersions: true,
	}) {
		switch {
		case info.Err != nil:
			return nil, info.Err
		case info.Key != at.Key || keepCurrent && info.IsLatest:
			continue
		}
		versions = append(versions, info.VersionID)
	}
	return versions, nil
}
