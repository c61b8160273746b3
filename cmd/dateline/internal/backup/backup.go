// Package backup writes the streams of a deployment to a folder and puts them
// back, through the snapshots of JetStream: with their consumers, whose places
// say what was worked on, and with the messages' numbers, which records refer to.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/jsm.go"
	"github.com/nats-io/jsm.go/api"
	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/subject"
)

// Stream says what a stream held when it was written or put back.
type Stream struct {
	Name     string `json:"name"`
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}

// order is that of the pipeline, what comes first first. Each stage moves its
// input along, so that what a later snapshot has moved meanwhile, an earlier one
// may hold as well: it is done twice, to the same effect. The other way round it
// would be missing. The store is backed up after all of them. Leases live for
// seconds and are left out.
var order = []string{
	subject.KVStream(subject.BucketSeen), subject.KVStream(subject.BucketHosts),
	subject.StreamURLs, subject.StreamFrontier, subject.StreamPages, subject.ObjectStream(subject.BucketBodies),
	subject.StreamArticles, subject.StreamOutcomes, subject.StreamDead, subject.StreamRevisions,
	subject.KVStream(subject.BucketDrift),
}

// Streams writes every stream into a folder of its own below dir, which must not
// hold a backup already.
func Streams(ctx context.Context, nc *nats.Conn, dir string) ([]Stream, error) {
	manager, err := jsm.New(nc)
	if err != nil {
		return nil, fmt.Errorf("opening JetStream: %w", err)
	}
	var all []Stream
	for _, name := range order {
		target := filepath.Join(dir, name)
		if _, err := os.Stat(target); err == nil {
			return all, fmt.Errorf("%s exists: back up into an empty folder", target)
		}
		stream, err := manager.LoadStream(name)
		if err != nil {
			return all, fmt.Errorf("opening stream %s: %w", name, err)
		}
		if _, err := stream.SnapshotToDirectory(ctx, target, jsm.SnapshotConsumers(), jsm.SnapshotHealthCheck()); err != nil {
			return all, fmt.Errorf("backing up stream %s: %w; the NATS user must be one who may, such as operator", name, err)
		}
		config, err := read(target)
		if err != nil {
			return all, err
		}
		all = append(all, Stream{name, config.State.Msgs, config.State.Bytes})
	}
	return all, nil
}

// Restore puts the streams of a backup into a server that has none of them, with
// as many replicas as are asked for.
func Restore(ctx context.Context, nc *nats.Conn, dir string, replicas int) ([]Stream, error) {
	manager, err := jsm.New(nc)
	if err != nil {
		return nil, fmt.Errorf("opening JetStream: %w", err)
	}
	for _, name := range order {
		if _, err := read(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		switch _, err := manager.LoadStream(name); {
		case err == nil:
			return nil, fmt.Errorf("the server has a stream %s already: restore into an empty one, before the services start", name)
		case !jsm.IsNatsError(err, 10059): // not found
			return nil, fmt.Errorf("asking for stream %s: %w", name, err)
		}
	}
	var all []Stream
	for _, name := range order {
		source := filepath.Join(dir, name)
		saved, err := read(source)
		if err != nil {
			return all, err
		}
		saved.Config.Replicas = replicas
		_, state, err := manager.RestoreSnapshotFromDirectory(ctx, name, source, jsm.RestoreConfiguration(saved.Config))
		if err != nil {
			return all, fmt.Errorf("restoring stream %s: %w", name, err)
		}
		if state.Msgs != saved.State.Msgs {
			return all, fmt.Errorf("restoring stream %s: it has %d messages and the backup %d", name, state.Msgs, saved.State.Msgs)
		}
		all = append(all, Stream{name, state.Msgs, state.Bytes})
	}
	return all, nil
}

type snapshot struct {
	Config api.StreamConfig `json:"config"`
	State  api.StreamState  `json:"state"`
}

// read reads what a snapshot says of itself.
func read(folder string) (snapshot, error) {
	var s snapshot
	data, err := os.ReadFile(filepath.Join(folder, jsm.SnapshotMetaFile))
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("%s is not there: name the folder that \"dateline backup\" wrote", filepath.Join(folder, jsm.SnapshotMetaFile))
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return s, fmt.Errorf("reading the snapshot in %s: %w", folder, err)
	}
	return s, nil
}
