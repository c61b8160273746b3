// Package api serves the library as an HTTP API: JSON, feeds, exports and a live
// tail. Its OpenAPI document is generated from the handlers.
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

// Prefix is the prefix of all paths of the API.
const Prefix = "/api/v1"

// Version is the version of the API. Within a major version nothing is removed
// and nothing changes its meaning.
const Version = "1.0.0"

// maxTails and maxExports are the maximum numbers of concurrent tails and
// exports.
const (
	maxTails   = 64
	maxExports = 4
)

type service struct {
	*library.Library
	log *slog.Logger
	// mayOperate reports whether the sender of a request may change things.
	mayOperate func(context.Context) bool

	tails   chan struct{}
	exports chan struct{}
}

// Register adds the API to a mux and returns its description. mayOperate reports whether the sender of the request with
// a context may change things; some details are only for them.
func Register(
	mux *http.ServeMux, l *library.Library, log *slog.Logger, mayOperate func(context.Context) bool,
) huma.API {
	config := huma.DefaultConfig("Dateline", Version)
	config.Info.Description = "Search, read, compare, follow, export and erase the articles that the pipeline " +
		"has stored. If the server has tokens, every request needs one: Authorization: Bearer TOKEN."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = Prefix+"/openapi", "", ""
	config.CreateHooks = nil // no $schema in responses
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer",
			Description: "The read token, the operate token, or one that \"dateline token create\" has printed."},
	}
	config.Security = []map[string][]string{{"token": {}}}
	a := humago.New(mux, config)
	s := &service{
		Library: l, log: log, mayOperate: mayOperate,
		tails: make(chan struct{}, maxTails), exports: make(chan struct{}, maxExports),
	}
	s.registerSearch(a)
	s.registerArticle(a)
	s.registerFeeds(a)
	s.registerExport(a)
	s.registerTail(a)
	s.registerPipeline(a)
	s.registerDeadLetters(a)
	s.registerErase(a)
	s.registerSaved(a)
	s.registerDiscovery(a)
	s.registerSubscriptions(a)
	s.registerAccess(a)
	return a
}

// operation describes an operation of the API. It is a GET unless the caller
// changes the method.
type operation struct {
	id, path, tag, summary, description string
	// contentTypes are those of a successful response, if it is not JSON, and
	// response describes it.
	contentTypes []string
	response     string
	errors       []int
}

func (o operation) huma() huma.Operation {
	h := huma.Operation{
		OperationID: o.id, Method: http.MethodGet, Path: Prefix + o.path, Tags: []string{o.tag},
		Summary: o.summary, Description: o.description, Errors: append(o.errors, http.StatusInternalServerError),
		// The body has been received before. A deadline for reading it would end a long response.
		BodyReadTimeout: -1,
	}
	if len(o.contentTypes) > 0 {
		content := map[string]*huma.MediaType{}
		for _, contentType := range o.contentTypes {
			content[contentType] = &huma.MediaType{}
		}
		h.Responses = map[string]*huma.Response{"200": {Description: o.response, Content: content}}
	}
	return h
}

// body is a response with a JSON body.
type body[T any] struct{ Body T }

// errorResponse converts an error of the library to a response.
func (s *service) errorResponse(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, store.ErrQuery):
		return huma.Error400BadRequest(err.Error())
	case errors.Is(err, store.ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, library.ErrGone):
		return huma.Error410Gone(err.Error())
	case ctx.Err() != nil:
		return huma.Error503ServiceUnavailable("the request timed out: narrow it down, or try again later")
	}
	s.log.Error("API request failed", "error", err)
	return huma.Error500InternalServerError(fmt.Sprintf("answering the request: %v", err))
}
