package api

import (
	"bufio"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/library"
)

// exportPause is how long a client may take to receive a part of an export.
const exportPause = time.Minute

type exportInput struct {
	Filters
	Format string `query:"format" enum:"jsonl,parquet" default:"jsonl" doc:"A record in JSON on each line, or Apache Parquet."`
}

func (s *service) registerExport(a huma.API) {
	operation := get("export", "/export", "articles", "Export articles", "All that a search finds, of any size, newest first. What is stored meanwhile may be missing.",
		http.StatusBadRequest, http.StatusTooManyRequests)
	operation.Responses = map[string]*huma.Response{"200": {Description: "The articles", Content: map[string]*huma.MediaType{
		"application/jsonl": {}, "application/vnd.apache.parquet": {}}}}
	huma.Register(a, operation, func(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
		query, err := in.query()
		if err != nil {
			return nil, err
		}
		query.ByRank = false
		// The first page is read before the answer begins, so that what is wrong
		// with the query can still be said.
		first := query
		first.Limit = 1
		if _, err := s.library.Search(ctx, first); err != nil {
			return nil, s.problem(ctx, err)
		}
		select {
		case s.exports <- struct{}{}:
		default:
			return nil, huma.Error429TooManyRequests("as many exports run as may at once; try again later")
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer func() { <-s.exports }()
			name, contentType, write := "articles.jsonl", "application/jsonl", library.WriteJSONLines
			if in.Format == "parquet" {
				name, contentType, write = "articles.parquet", "application/vnd.apache.parquet", library.WriteParquet
			}
			hc.SetHeader("Content-Type", contentType)
			hc.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
			out := bufio.NewWriterSize(patient{hc}, 64<<10)
			err := write(out, s.library.Walk(hc.Context(), query))
			if err == nil {
				err = out.Flush()
			}
			if err != nil {
				// A connection that breaks off is how the client learns of it.
				s.log.Warn("an export broke off", "error", err)
				panic(http.ErrAbortHandler)
			}
		}}, nil
	})
}

// patient gives each part of a long answer a time of its own.
type patient struct{ hc huma.Context }

func (p patient) Write(data []byte) (int, error) {
	if w, ok := p.hc.BodyWriter().(http.ResponseWriter); ok {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportPause))
	}
	return p.hc.BodyWriter().Write(data)
}
