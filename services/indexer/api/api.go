// Package api is the HTTP API: JSON, feeds, exports and a live tail over the
// library. Its OpenAPI document is generated from the handlers.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Prefix is where all paths of the API begin.
const Prefix = "/api/v1"

// Version is that of the API. Within a major version nothing is removed and
// nothing changes its meaning.
const Version = "1.0.0"

// maxTails bounds how many clients follow at once, maxExports how many exports
// run at once.
const (
	maxTails   = 64
	maxExports = 4
)

type service struct {
	library *library.Library
	log     *slog.Logger
	tails   chan struct{}
	exports chan struct{}
}

// Operate marks operations that change something, and need the token for it.
const Operate = "operate"

// Register adds the API to a mux and returns its description.
func Register(mux *http.ServeMux, l *library.Library, log *slog.Logger) huma.API {
	config := huma.DefaultConfig("Dateline", Version)
	config.Info.Description = "Articles that the pipeline has stored: search, read, compare, follow, export and erase them. " +
		"Where the server has tokens, every request carries one: Authorization: Bearer TOKEN."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = Prefix+"/openapi", "", ""
	config.CreateHooks = nil // no $schema in answers
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "The read token, or the operate token."},
	}
	config.Security = []map[string][]string{{"token": {}}}
	a := humago.New(mux, config)
	s := &service{library: l, log: log, tails: make(chan struct{}, maxTails), exports: make(chan struct{}, maxExports)}
	s.registerSearch(a)
	s.registerArticle(a)
	s.registerFeeds(a)
	s.registerExport(a)
	s.registerTail(a)
	s.registerOperation(a)
	return a
}

// get describes an operation that reads.
func get(id, path, tag, summary, description string, errs ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: Prefix + path, Tags: []string{tag},
		Summary: summary, Description: description, Errors: append(errs, http.StatusInternalServerError),
	}
}

// problem is the answer to an error of the library.
func (s *service) problem(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, store.ErrQuery):
		return huma.Error400BadRequest(err.Error())
	case errors.Is(err, store.ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, library.ErrGone):
		return huma.Error410Gone(err.Error())
	case ctx.Err() != nil:
		return huma.Error503ServiceUnavailable("the answer took too long; ask for less, or later")
	}
	s.log.Error("the API failed", "error", err)
	return huma.Error500InternalServerError(fmt.Sprintf("the request could not be answered: %v", err))
}
