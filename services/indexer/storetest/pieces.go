package storetest

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Access is how a program reaches the streams and the store.
type Access struct {
	JS    jetstream.JetStream
	Store store.Store
}

// Pieces passes pieces of work through programs (see failtest.Pieces). Single requests to NATS or statements of theirs
// fail, or only the responses are lost. start runs a program on a failing access. sound reaches the same streams and
// the same store without failures.
func Pieces(t *testing.T, limits topology.Limits, start func(failing, sound Access) failtest.Program) {
	t.Helper()
	requestsFail := func(name string, losesResponses bool) func() failtest.Program {
		return func() failtest.Program {
			requests, failing, js := natstest.StartFailing(t, limits, losesResponses)
			s := Open(t, SQLite(t))
			program := start(Access{failing, s}, Access{js, s})
			program.Name, program.Steps = name, &requests.Steps
			return program
		}
	}
	statementsFail := func(name string, losesResponses bool) func() failtest.Program {
		return func() failtest.Program {
			_, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
			natstest.Reconcile(t, js, limits)
			dsn := Postgres(t)
			statements := postgrestest.Fail(t, dsn)
			statements.LosesResponses = losesResponses
			program := start(Access{js, Open(t, statements.URL)}, Access{js, Open(t, dsn)})
			program.Name, program.Steps = name, &statements.Steps
			return program
		}
	}
	failtest.Pieces(t,
		requestsFail("requests", false), requestsFail("responses of NATS", true),
		statementsFail("statements", false), statementsFail("responses of the store", true),
	)
}
