package objects

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/minio/minio-go/v7"
)

// cleanupTimeout bounds the removal of what a check has written.
const cleanupTimeout = 5 * time.Second

// Check tests whether objects below a location may be written, read, listed and deleted,
// and whether uploads in parts may be broken off. It reports whether the bucket keeps old
// versions, which then have to be deletable, too. It leaves nothing behind if the keys
// may delete.
func (c *Client) Check(ctx context.Context, at Location) (keepsVersions bool, problems []error) {
	probe := at.Below("dateline-check-" + rand.Text())
	content := []byte("written by dateline doctor")
	err := c.putWhole(ctx, probe, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
	if err != nil {
		return false, []error{err}
	}
	if err := c.compare(ctx, probe, content); err != nil {
		problems = append(problems, err)
	}
	if err := c.breakOff(ctx, probe); err != nil {
		problems = append(problems, err)
	}
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	if err := c.remove(cleanup, probe, ""); err != nil {
		problems = append(problems, err)
	}
	versions, err := c.removeVersions(cleanup, probe, false)
	if err != nil {
		problems = append(problems, err)
	}
	return versions > 0, problems
}

// breakOff begins an upload in parts and breaks it off.
func (c *Client) breakOff(ctx context.Context, at Location) error {
	var id string
	err := c.attempt(ctx, callTimeout, uploading, at, func(ctx context.Context) (err error) {
		id, err = c.core.NewMultipartUpload(ctx, at.Bucket, at.Key, minio.PutObjectOptions{})
		return err
	})
	if err != nil {
		return err
	}
	return c.attempt(ctx, callTimeout, breakingOff, at, func(ctx context.Context) error {
		return c.core.AbortMultipartUpload(ctx, at.Bucket, at.Key, id)
	})
}

func (c *Client) compare(ctx context.Context, at Location, content []byte) error {
	body, err := c.Open(ctx, at, 0, -1)
	if err != nil {
		return err
	}
	defer body.Close()
	got, err := io.ReadAll(io.LimitReader(body, int64(len(content))+1))
	if err == nil && !bytes.Equal(got, content) {
		err = fmt.Errorf("reading %s: got other content than was written", at)
	}
	if err != nil {
		return err
	}
	for _, err := range c.List(ctx, at) {
		return err
	}
	return fmt.Errorf("listing %s: the object that was just written is missing", at)
}
