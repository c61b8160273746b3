package api

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// exportWriteTimeout is the maximum time for a client to receive one part of an
// export.
const exportWriteTimeout = time.Minute

// exportBuffer is the size of one part of an export, in bytes.
const exportBuffer = 64 << 10

type exportInput struct {
	Filters
	Format string `query:"format" enum:"jsonl,csv,parquet" default:"jsonl" doc:"One JSON record per line, CSV with a header, or Apache Parquet."`
}

// exportFormat is a file format of exports.
type exportFormat struct {
	contentType string
	write       func(io.Writer, func(yield func(store.Hit, error) bool)) error
}

var exportFormats = map[string]exportFormat{
	"jsonl":   {"application/jsonl", library.WriteJSONLines},
	"csv":     {"text/csv; charset=utf-8", library.WriteCSV},
	"parquet": {"application/vnd.apache.parquet", library.WriteParquet},
}

// exportTypes are the content types of the formats.
var exportTypes = []string{
	exportFormats["jsonl"].contentType, exportFormats["csv"].contentType, exportFormats["parquet"].contentType,
}

func (s *service) registerExport(a huma.API) {
	huma.Register(a, operation{
		id: "export", path: "/export", tag: "articles", summary: "Export articles",
		description: "All articles that match a search, without a limit, newest first. " +
			"Articles stored during the export may be missing.",
		contentTypes: exportTypes,
		response:     "The articles", errors: []int{http.StatusBadRequest, http.StatusTooManyRequests},
	}.huma(), s.export)
}

func (s *service) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	query, err := in.query()
	if err != nil {
		return nil, err
	}
	query.ByRank = false
	// Run the query before the response starts, so that an invalid query can
	// still be reported.
	first := query
	first.Limit = 1
	if _, err := s.Search(ctx, first); err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	select {
	case s.exports <- struct{}{}:
	default:
		return nil, huma.Error429TooManyRequests("too many exports are running: try again later")
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { <-s.exports }()
		s.writeExport(hc, in.Format, query)
	}}, nil
}

func (s *service) writeExport(hc huma.Context, name string, query store.Query) {
	format := exportFormats[name]
	hc.SetHeader("Content-Type", format.contentType)
	hc.SetHeader("Content-Disposition", `attachment; filename="articles.`+name+`"`)
	out := bufio.NewWriterSize(deadlineWriter{hc}, exportBuffer)
	err := format.write(out, s.Walk(hc.Context(), query))
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		s.log.Warn("export aborted", "error", err)
		// The status has been sent: only an aborted connection tells the client.
		panic(http.ErrAbortHandler)
	}
}

// deadlineWriter extends the write deadline for each part of a long response.
type deadlineWriter struct{ hc huma.Context }

func (d deadlineWriter) Write(data []byte) (int, error) {
	if w, ok := d.hc.BodyWriter().(http.ResponseWriter); ok {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportWriteTimeout))
	}
	return d.hc.BodyWriter().Write(data)
}
