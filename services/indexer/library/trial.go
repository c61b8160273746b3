package library

import (
	"context"
	"iter"

	"github.com/dateline-news/dateline/services/discoverer/trial"
)

// Try has the discoverer try a site: see trial.Start.
func (l *Library) Try(ctx context.Context, request trial.Request) (iter.Seq2[trial.Endpoint, error], error) {
	return trial.Start(ctx, l.js.Conn(), request)
}
