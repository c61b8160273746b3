package doctor

import (
	"context"
	"log/slog"

	"github.com/dateline-news/dateline/services/indexer/replica"
)

// examineReplica checks the replica of the store's database. Without one, it reports nothing.
func examineReplica(ctx context.Context, t Target, r *report) {
	const check = "replica"
	if t.Replica.URL == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	primary, err := openCurrent(ctx, t)
	if err != nil {
		r.skip(check, "the replica is compared with the store, which cannot be read")
		return
	}
	defer primary.Close()
	s, err := replica.Open(ctx, primary, t.Replica, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		r.problem(check, "give the address of a hot standby with store.replica-url, or remove the setting", "%v", err)
		return
	}
	defer s.Close()
	state := s.State()
	switch {
	case state.PrimaryProblem != "":
		r.skip(check, "the replica is compared with the store, which cannot be read: %s", state.PrimaryProblem)
	case state.ReplicaProblem != "":
		r.problem(check, "see docs/runbooks/DatelineReplicaUnused.md", "%s", state.ReplicaProblem)
	case state.Lag == nil:
		r.problem(check, "see docs/runbooks/DatelineReplicaUnused.md", "the lag of the replica is not known")
	default:
		r.ok(check, "the replica answers, %.1f s behind the primary", *state.Lag)
	}
}
