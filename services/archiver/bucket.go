package archiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"

	"github.com/dateline-news/dateline/internal/loop"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/internal/folder"
)

const (
	// holdTime is how long an archiver may take to rewrite a file in the bucket. After that,
	// another one may do it.
	holdTime = 30 * time.Minute
	// rewriteTime is shorter than holdTime, so that no two archivers rewrite a file.
	rewriteTime = 25 * time.Minute
)

// bucketPauses are the pauses after failures of the bucket.
var bucketPauses = loop.Backoff{First: time.Second, Last: 5 * time.Minute}

// bucketKeeper uploads the complete files of the spool to the bucket, and rewrites files in
// the bucket from which captures were erased. Only one goroutine uses it.
type bucketKeeper struct {
	*Archiver

	client  *objects.Client
	metrics *bucketMetrics // hides those of the Archiver
	// listed reports whether the index was compared with the bucket.
	listed   bool
	failures int
	next     time.Time // of the next attempt after a failure
}

func newBucketKeeper(a *Archiver) *bucketKeeper {
	client, _ := a.files.Bucket()
	return &bucketKeeper{Archiver: a, client: client, metrics: a.metrics.bucket}
}

// keep takes one step: it overwrites erased records in files that were never uploaded, then
// uploads one file of the spool, and rewrites one file in the bucket. After a failure of the
// bucket, it leaves the bucket alone for a while.
func (k *bucketKeeper) keep(ctx context.Context) error {
	waiting, size, err := k.folder.Waiting()
	if err != nil {
		return err
	}
	k.metrics.spool(len(waiting), size)
	toErase, err := k.index.FilesToErase(ctx)
	if err != nil {
		return err
	}
	if err := k.folder.RemoveScratch(); err != nil { // left by a process that was killed
		return err
	}
	if err := k.overwriteSpooled(ctx, toErase); err != nil {
		return err
	}
	if time.Now().Before(k.next) {
		return nil
	}
	if err := k.useBucket(ctx, waiting, toErase); err != nil {
		if ctx.Err() != nil {
			return err
		}
		k.failures++
		pause := bucketPauses.Delay(k.failures)
		k.next = time.Now().Add(pause)
		k.metrics.failed(true)
		k.log.ErrorContext(ctx, "the bucket of the archive cannot be used, retrying", "error", err, "attempt", k.failures,
			"pause", pause.Round(time.Second), "waiting_files", len(waiting), "spool_bytes", size)
		return nil
	}
	k.failures = 0
	k.metrics.failed(false)
	return nil
}

// overwriteSpooled overwrites the erased records in files that are only in the spool. Those
// of other archivers are left to them.
func (k *bucketKeeper) overwriteSpooled(ctx context.Context, all []captures.ToErase) error {
	for _, file := range all {
		if file.Upload != captures.InFolder || !k.isSpooled(file.File) {
			continue
		}
		found, err := k.index.CapturesToErase(ctx, file.File)
		if err != nil {
			return err
		}
		if err := captures.OverwriteIn(k.files.Dir(), found); err != nil {
			return err
		}
		if err := k.index.MarkErased(ctx, found); err != nil {
			return err
		}
	}
	return nil
}

// isSpooled reports whether a file is in this archiver's spool, whether it is complete or not.
func (k *bucketKeeper) isSpooled(name string) bool {
	file, err := folder.OpenFile(k.files.Dir(), name)
	if err != nil {
		return false
	}
	_ = file.Close() // nothing was written
	return true
}

// useBucket does what needs the bucket.
func (k *bucketKeeper) useBucket(ctx context.Context, waiting []folder.File, toErase []captures.ToErase) error {
	if !k.listed {
		if err := k.compare(ctx); err != nil {
			return err
		}
		k.listed = true
	}
	if len(waiting) > 0 {
		if err := k.upload(ctx, waiting[0]); err != nil {
			return err
		}
	}
	for _, file := range toErase {
		if file.Upload != captures.Uploaded {
			continue
		}
		rewritten, err := k.rewrite(ctx, file.File)
		if err != nil || rewritten {
			return err
		}
	}
	return nil
}

// compare adds to the index what the bucket has and the index does not, after the store was
// restored from an older backup.
func (k *bucketKeeper) compare(ctx context.Context) error {
	indexed, err := k.index.Files(ctx)
	if err != nil {
		return err
	}
	_, at := k.files.Bucket()
	for object, err := range k.client.List(ctx, at.Below("")) {
		if err != nil {
			return err
		}
		name := path.Base(object.Key)
		if !folder.IsFile(name) || k.files.Object(name).Key != object.Key || k.isSpooled(name) {
			continue
		}
		from := indexed[name]
		if from < object.Size {
			_, added, err := k.indexRest(ctx, name, from, object.Size)
			if err != nil {
				return err
			}
			k.log.InfoContext(ctx, "file in the bucket of the archive indexed", "file", name, "captures", added)
		}
		if from > object.Size {
			k.log.ErrorContext(ctx, "a file in the bucket of the archive is shorter than the index says: restore it",
				"file", name, "size", object.Size, "indexed", from)
			continue
		}
		if err := k.markUploaded(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// markUploaded marks a file that the bucket has, if the index does not know yet.
func (k *bucketKeeper) markUploaded(ctx context.Context, name string) error {
	state, found, err := k.index.Upload(ctx, name)
	if err != nil || !found || state == captures.Uploaded {
		return err
	}
	return k.index.SetUpload(ctx, name, captures.Uploaded)
}

// upload uploads a complete file of the spool, and deletes it there. The state in the index
// changes before the upload begins and after the bucket has the file. If the process ends in
// between, the same file is uploaded again under the same name.
func (k *bucketKeeper) upload(ctx context.Context, file folder.File) error {
	state, found, err := k.index.Upload(ctx, file.Name)
	if err != nil {
		return err
	}
	if !found { // its captures have expired
		if err := k.index.Add(ctx, file.Name, file.Size, nil); err != nil {
			return err
		}
	}
	if state != captures.Uploaded {
		if err := k.put(ctx, file, state); err != nil {
			return err
		}
	}
	if err := k.folder.Delete(file.Name); err != nil {
		return fmt.Errorf("deleting an uploaded file from the spool: %w", err)
	}
	return nil
}

func (k *bucketKeeper) put(ctx context.Context, file folder.File, state captures.Upload) error {
	if err := k.index.SetUpload(ctx, file.Name, captures.UploadBegun); err != nil {
		return err
	}
	erased, err := k.index.CapturesToErase(ctx, file.Name)
	if err != nil {
		return err
	}
	if err := captures.OverwriteIn(k.files.Dir(), erased); err != nil {
		return err
	}
	if err := k.putFile(ctx, k.folder.Path(file.Name), file.Name); err != nil {
		return err
	}
	if state == captures.UploadBegun { // an earlier upload may have had what is erased now
		if err := k.client.DropOldVersions(ctx, k.files.Object(file.Name)); err != nil {
			return err
		}
	}
	if err := k.index.SetUpload(ctx, file.Name, captures.Uploaded); err != nil {
		return err
	}
	k.metrics.uploads.Inc()
	k.log.InfoContext(ctx, "file of the archive uploaded", "file", file.Name, "bytes", file.Size)
	return k.index.MarkErased(ctx, erased)
}

func (k *bucketKeeper) putFile(ctx context.Context, path, name string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening a file of the spool: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("opening a file of the spool: %w", err)
	}
	return k.client.Put(ctx, k.files.Object(name), file, info.Size())
}

// rewrite replaces a file in the bucket by one in which the erased records are overwritten,
// and deletes its old versions. It reports false if another archiver does it.
func (k *bucketKeeper) rewrite(ctx context.Context, name string) (done bool, err error) {
	now := time.Now()
	held, err := k.index.Hold(ctx, name, k.folder.ID(), now, now.Add(holdTime))
	if err != nil || !held {
		return false, err
	}
	limited, cancel := context.WithDeadline(ctx, now.Add(rewriteTime))
	defer cancel()
	erased, err := k.index.CapturesToErase(limited, name)
	if err == nil && len(erased) > 0 {
		err = k.replace(limited, name, erased)
	}
	if err == nil {
		err = k.index.MarkErased(limited, erased)
	}
	if err == nil && len(erased) > 0 {
		k.metrics.rewrites.Inc()
		k.log.InfoContext(ctx, "captures erased from a file in the bucket of the archive", "file", name,
			"captures", len(erased))
	}
	return true, errors.Join(err, k.index.Release(ctx, name, k.folder.ID()))
}

// replace copies a file of the bucket to the spool, overwrites the records, and uploads it.
func (k *bucketKeeper) replace(ctx context.Context, name string, erased []captures.Capture) (err error) {
	scratch, err := k.folder.Scratch(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scratch.Close(), k.folder.RemoveScratch()) }()
	body, err := k.client.Open(ctx, k.files.Object(name), 0, -1)
	if errors.Is(err, os.ErrNotExist) {
		return nil // there is nothing to erase
	}
	if err != nil {
		return err
	}
	size, err := io.Copy(scratch, body)
	if err = errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("copying %s from the bucket: %w", name, err)
	}
	for _, c := range erased {
		tombstone, err := c.Tombstone()
		if err != nil {
			return err
		}
		if c.Offset+c.Length > size {
			return fmt.Errorf("the file %s in the bucket has only %d bytes: restore it", name, size)
		}
		if _, err := scratch.WriteAt(tombstone, c.Offset); err != nil {
			return fmt.Errorf("erasing from a copy of %s: %w", name, err)
		}
	}
	if err := k.client.Put(ctx, k.files.Object(name), scratch, size); err != nil {
		return err
	}
	return k.client.DropOldVersions(ctx, k.files.Object(name))
}

// mayDelete reports whether this archiver may delete a file: it is in the bucket, or in this
// archiver's spool. The files in the spools of others are left to them. After a failure of the
// bucket, nothing is deleted for a while.
func (k *bucketKeeper) mayDelete(ctx context.Context, name string) (bool, error) {
	if time.Now().Before(k.next) {
		return false, nil
	}
	state, _, err := k.index.Upload(ctx, name)
	return state == captures.Uploaded || k.isSpooled(name), err
}

// deleteObject deletes a file from the bucket.
func (k *bucketKeeper) deleteObject(ctx context.Context, name string) error {
	return k.client.Delete(ctx, k.files.Object(name))
}
