// Package backup writes the streams of a deployment to a folder and restores them,
// through JetStream's snapshots. A snapshot includes the consumers, whose positions
// tell which messages were processed, and preserves the sequence numbers of messages,
// which records refer to.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/jsm.go"
	"github.com/nats-io/jsm.go/api"
	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// Stream describes a stream when it was backed up or restored.
type Stream struct {
	Name     string `json:"name"`
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}

// order lists the streams in the order of the pipeline. While the backup runs, stages
// move work from earlier to later streams. In this order, such work is in two
// snapshots, and repeating it changes nothing; in the opposite order it would be in
// none. For the same reason the store is backed up after all streams. Leases expire
// within seconds and are not backed up. Nor are EXCHANGES: no URL depends on them, and a
// backup from before they existed can still be restored.
var order = []string{
	subject.KVStream(subject.BucketSeen), subject.KVStream(subject.BucketHosts),
	subject.StreamURLs, subject.StreamFrontier, subject.StreamListings, subject.StreamPages,
	subject.ObjectStream(subject.BucketBodies),
	subject.StreamArticles, subject.StreamOutcomes, subject.StreamDead, subject.StreamRevisions,
	subject.KVStream(subject.BucketDrift),
}

// Streams backs up every stream to a folder of its own below dir, which must not
// contain a backup yet.
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
		_, err = stream.SnapshotToDirectory(ctx, target, jsm.SnapshotConsumers(), jsm.SnapshotHealthCheck())
		if err != nil {
			return all, fmt.Errorf("backing up stream %s: %w; connect as a NATS user who may back up, such as operator",
				name, err)
		}
		info, err := stream.LatestInformation()
		if err != nil {
			return all, fmt.Errorf("reading stream %s: %w", name, err)
		}
		if err := keepCreated(target, info.Created); err != nil {
			return all, err
		}
		config, err := read(target)
		if err != nil {
			return all, err
		}
		all = append(all, Stream{name, config.State.Msgs, config.State.Bytes})
	}
	return all, nil
}

// keepCreated adds a stream's time of creation to the metadata of the snapshot in a
// folder, so that the restored stream keeps it. The metadata of a stream that was itself
// restored already has it.
func keepCreated(folder string, created time.Time) error {
	path := filepath.Join(folder, jsm.SnapshotMetaFile)
	data, err := os.ReadFile(path)
	var all, config map[string]json.RawMessage // keeps what this program does not know
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err == nil {
		err = json.Unmarshal(all["config"], &config)
	}
	metadata := map[string]string{}
	if err == nil && config["metadata"] != nil {
		err = json.Unmarshal(config["metadata"], &metadata)
	}
	if err != nil {
		return fmt.Errorf("reading the snapshot in %s: %w", folder, err)
	}
	if metadata[topology.CreatedKey] != "" {
		return nil
	}
	metadata[topology.CreatedKey] = topology.FormatCreated(created)
	if config["metadata"], err = json.Marshal(metadata); err == nil {
		all["config"], err = json.Marshal(config)
	}
	if err == nil {
		data, err = json.Marshal(all)
	}
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// errStreamNotFound is JetStream's error code for a stream that does not exist.
const errStreamNotFound = 10059

// Restore restores the streams of a backup, with the given number of replicas, into a
// server that has none of them.
func Restore(ctx context.Context, nc *nats.Conn, dir string, replicas int) ([]Stream, error) {
	manager, err := jsm.New(nc)
	if err != nil {
		return nil, fmt.Errorf("opening JetStream: %w", err)
	}
	if err := checkRestorable(manager, dir); err != nil {
		return nil, err
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
			return all, fmt.Errorf("restoring stream %s: it has %d messages, but the backup has %d",
				name, state.Msgs, saved.State.Msgs)
		}
		all = append(all, Stream{name, state.Msgs, state.Bytes})
	}
	return all, nil
}

// checkRestorable returns an error if the backup lacks a stream or the server has one.
func checkRestorable(manager *jsm.Manager, dir string) error {
	for _, name := range order {
		if _, err := read(filepath.Join(dir, name)); err != nil {
			return err
		}
		switch _, err := manager.LoadStream(name); {
		case err == nil:
			return fmt.Errorf("the server already has a stream %s: restore into an empty one, before the services start",
				name)
		case !jsm.IsNatsError(err, errStreamNotFound):
			return fmt.Errorf("looking for stream %s: %w", name, err)
		}
	}
	return nil
}

// snapshot is the metadata of a snapshot.
type snapshot struct {
	Config api.StreamConfig `json:"config"`
	State  api.StreamState  `json:"state"`
}

// read reads the metadata of the snapshot in a folder.
func read(folder string) (snapshot, error) {
	var s snapshot
	path := filepath.Join(folder, jsm.SnapshotMetaFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("%s does not exist: name the folder that \"dateline backup\" wrote", path)
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return s, fmt.Errorf("reading the snapshot in %s: %w", folder, err)
	}
	return s, nil
}
