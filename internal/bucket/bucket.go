// Package bucket reads key-value buckets and object stores without consumers.
//
// The functions of the NATS client that list keys or read objects create a consumer.
// A NATS user who may create consumers can have their messages delivered to any subject
// of the account, and so write to every stream. Services may therefore not create
// consumers (deploy/nats/accounts.conf).
package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
)

// operation is the header of a message that marks its key as deleted or purged.
const operation = "KV-Operation"

// Keys returns the keys of a bucket that match a pattern. A key that is updated in the
// meantime may occur twice.
func Keys(ctx context.Context, js jetstream.JetStream, name, pattern string) ([]string, error) {
	stream, err := js.Stream(ctx, subject.KVStream(name))
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", name, err)
	}
	var keys []string
	for msg, err := range Messages(ctx, stream, subject.KVKey(name, pattern)) {
		if err != nil {
			return nil, fmt.Errorf("listing keys of bucket %s: %w", name, err)
		}
		if !Deleted(msg) {
			keys = append(keys, strings.TrimPrefix(msg.Subject, subject.KVKey(name, "")))
		}
	}
	return keys, nil
}

// Deleted reports whether a message of a bucket marks its key as deleted.
func Deleted(msg *jetstream.RawStreamMsg) bool {
	return msg.Header.Get(operation) != "" || msg.Header.Get(jetstream.MarkerReasonHeader) != ""
}

// ErrTooLarge means that an object has more bytes than the reader accepts.
var ErrTooLarge = errors.New("too large")

// Object returns an object of at most limit bytes. The error is ErrTooLarge if it has more, and
// jetstream.ErrObjectNotFound if there is no such object.
func Object(ctx context.Context, js jetstream.JetStream, name, object string, limit int) ([]byte, error) {
	store, err := js.ObjectStore(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("opening object store %s: %w", name, err)
	}
	info, err := store.GetInfo(ctx, object)
	if err != nil {
		return nil, err
	}
	if info.Size > uint64(limit) {
		return nil, fmt.Errorf("object %s of store %s is %w: it has %d bytes, more than %d",
			object, name, ErrTooLarge, info.Size, limit)
	}
	stream, err := js.Stream(ctx, subject.ObjectStream(name))
	if err != nil {
		return nil, fmt.Errorf("opening object store %s: %w", name, err)
	}
	data := make([]byte, 0, info.Size)
	for msg, err := range Messages(ctx, stream, subject.ObjectChunks(name, info.NUID)) {
		if err != nil {
			return nil, err
		}
		data = append(data, msg.Data...)
		if uint64(len(data)) > info.Size { // it is damaged
			break
		}
	}
	want, err := jetstream.DecodeObjectDigest(info.Digest)
	if sum := sha256.Sum256(data); err != nil || !bytes.Equal(sum[:], want) {
		return nil, fmt.Errorf("object %s of store %s is damaged: read %d of %d bytes, or other ones",
			object, name, len(data), info.Size)
	}
	return data, nil
}

// Messages yields the messages of a stream on the subjects that match a pattern, in
// order. It ends after yielding an error.
func Messages(
	ctx context.Context, stream jetstream.Stream, pattern string,
) iter.Seq2[*jetstream.RawStreamMsg, error] {
	return func(yield func(*jetstream.RawStreamMsg, error) bool) {
		for next := uint64(1); ; next++ {
			msg, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(pattern))
			if errors.Is(err, jetstream.ErrMsgNotFound) || !yield(msg, err) || err != nil {
				return
			}
			next = msg.Sequence
		}
	}
}
