package frontier

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/ledger"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// perHost is the number of URLs of each host.
const perHost = 20

// fillStore writes the files of a frontier with URLs that have waited for a day. Those of a host
// have arrived one after another, or mixed with those of all others. It writes the server's
// files directly, which is ten times as fast as publishing.
func fillStore(b *testing.B, dir string, urls int, byHost bool) {
	b.Helper()
	srv, err := server.NewServer(&server.Options{
		JetStream: true, StoreDir: dir, DontListen: true, NoSigs: true, JetStreamMaxStore: 1 << 60,
	})
	if err != nil {
		b.Fatal(err)
	}
	srv.Start()
	defer srv.WaitForShutdown()
	defer srv.Shutdown()
	config := &server.StreamConfig{
		Name: subject.StreamFrontier, Subjects: []string{subject.AllFrontier}, Storage: server.FileStorage, Replicas: 1,
		MaxMsgsPer: 100_000, Discard: server.DiscardNew, DiscardNewPer: true, MaxBytes: 64 << 30, AllowDirect: true,
	}
	empty, err := emptySnapshot(config)
	if err != nil {
		b.Fatal(err)
	}
	stream, err := srv.GlobalAccount().RestoreStream(config, empty)
	if err != nil {
		b.Fatal(err)
	}
	fast := *config
	fast.PersistMode = server.AsyncPersistMode // one write for many messages
	if err := stream.Store().UpdateConfig(&fast); err != nil {
		b.Fatal(err)
	}
	stored := time.Now().Add(-24 * time.Hour)
	names := make([]string, urls/perHost) // of the hosts' subjects
	for i := range urls {
		host := i % len(names)
		if byHost {
			host = i / perHost
		}
		entry := waitingEntry(host, i)
		if names[host] == "" {
			if names[host], err = subjectOf(entry); err != nil {
				b.Fatal(err)
			}
		}
		msg, err := message(names[host], entry)
		if err != nil {
			b.Fatal(err)
		}
		at := stored.UnixNano() + int64(i)
		err = stream.Store().StoreRawMsg(msg.Subject, header(msg), msg.Data, uint64(i+1), at, 0, false)
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := stream.Store().UpdateConfig(config); err != nil {
		b.Fatal(err)
	}
}

// emptySnapshot returns a snapshot of an empty stream.
func emptySnapshot(config *server.StreamConfig) (io.Reader, error) {
	description, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	var snapshot bytes.Buffer
	compressed := s2.NewWriter(&snapshot)
	archive := tar.NewWriter(compressed)
	file := &tar.Header{Name: server.JetStreamMetaFile, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(description))}
	problem := archive.WriteHeader(file)
	_, err = archive.Write(description)
	return &snapshot, errors.Join(problem, err, archive.Close(), compressed.Close())
}

// header returns the header of a message as the server stores it.
func header(msg *nats.Msg) []byte {
	text := []byte("NATS/1.0\r\n")
	for name, values := range msg.Header {
		text = fmt.Appendf(text, "%s: %s\r\n", name, values[0])
	}
	return append(text, "\r\n"...)
}

// waitingEntry returns an entry like those of the intake.
func waitingEntry(host, i int) *datelinev1.FrontierEntry {
	url := fmt.Sprintf("https://site%d.example/news/2026/11/25/a-headline-of-the-usual-length-%d", host, i)
	now := timestamppb.Now()
	return &datelinev1.FrontierEntry{
		Url: url, Request: &datelinev1.FetchRequest{Url: url, RequestId: fmt.Sprint(i), RequestTime: now}, AdmitTime: now,
		Mark: &datelinev1.UrlMark{Revision: uint64(i), InputId: fmt.Sprintf("URLS:%d-%x", i, now.AsTime().UnixNano())},
	}
}

// message returns the message of an entry.
func message(name string, entry *datelinev1.FrontierEntry) (*nats.Msg, error) {
	return ledger.Message(name, entry.GetMark().GetInputId()+entry.GetRequest().GetRequestId(), entry)
}
