package doctor

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// minReplicas is the number of copies with which a stream survives the loss of a server.
const minReplicas = 3

func examineStreams(ctx context.Context, js jetstream.JetStream, t Target, clustered bool, r *report) {
	const check = "streams"
	found, err := topology.Compare(ctx, js, topology.Limits{Replicas: t.NATS.Replicas})
	for _, d := range found {
		advice := "restart one of the services: it declares streams and consumers as they should be"
		if !d.Fixable {
			advice = "see the finding"
		}
		r.problem(check, advice, "%s %s", d.Object, d.Text)
	}
	if err != nil {
		r.problem(check, "allow this user to publish to $JS.API.STREAM.INFO.> and $JS.API.CONSUMER.INFO.>",
			"some streams and consumers could not be read: %v", err)
	}
	if clustered && t.NATS.Replicas < minReplicas {
		r.problem(check, "set nats.replicas to 3 for all services",
			"the server belongs to a cluster, but each message is kept on only %d of its servers", max(1, t.NATS.Replicas))
	}
	if r.isFine(check) {
		r.ok(check, "%d streams, their consumers and the buckets are as declared", len(subject.Streams()))
	}
}

const (
	// nearlyFull is the share of a limit above which a problem is reported. The
	// streams of pages, articles and outcomes are trimmed at 0.8.
	nearlyFull = 0.9
	// maxReplicaLag is the number of operations that a replica may be behind.
	maxReplicaLag = 1000
)

func examineLimits(ctx context.Context, js jetstream.JetStream, r *report) {
	const check = "limits"
	clockRead := false
	for _, name := range subject.Streams() {
		before := time.Now()
		stream, err := js.Stream(ctx, name)
		after := time.Now()
		if err != nil {
			r.skip(check, "the stream %s cannot be read: %v", name, err)
			continue
		}
		info := stream.CachedInfo()
		if !clockRead {
			r.examineClock("NATS", before, info.TimeStamp, after)
			clockRead = true
		}
		examineStreamLimits(check, name, info, r)
	}
	account, err := js.AccountInfo(ctx)
	if err != nil {
		r.problem(check, adviceInfo, "the account's limits could not be read: %v", err)
		return
	}
	if limit := account.Limits.MaxStore; limit > 0 && float64(account.Store) > nearlyFull*float64(limit) {
		r.problem(check, "raise the account's max_file, or the server's max_file_store if its disk is large enough",
			"the account's streams use %d of %d MB", account.Store>>20, limit>>20)
	}
	if r.isWhole(check) {
		r.ok(check, "no stream is nearly full; together they use %d MB", account.Store>>20)
	}
}

// examineStreamLimits checks the size and the replicas of one stream.
func examineStreamLimits(check, name string, info *jetstream.StreamInfo, r *report) {
	share := float64(info.State.Bytes) / float64(info.Config.MaxBytes)
	if info.Config.MaxBytes > 0 && share > nearlyFull {
		r.problem(check, "find out why it is not read (see consumers), or raise its max_bytes (nats stream edit)",
			"stream %s is %.0f %% full; a full stream refuses messages", name, 100*share)
	}
	if info.Cluster == nil {
		return
	}
	for _, peer := range info.Cluster.Replicas {
		if peer.Offline || !peer.Current && peer.Lag > maxReplicaLag {
			r.problem(check, "bring that server back",
				"stream %s: the replica on %s is offline or %d operations behind", name, peer.Name, peer.Lag)
		}
	}
}
