package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/library"
)

func (s *service) registerErase(a huma.API) {
	h := operation{
		id: "erase", path: "/articles/{id}", tag: "articles", summary: "Erase an article",
		description: "Removes the article with its revisions, index entries, pages, records on streams and dead " +
			"letters, and prevents it and its text from being stored again. The ledger keeps its URLs. The indexer " +
			"overwrites the rest of its text in the files of the store within 15 minutes. Needs the operate token.",
		errors: []int{http.StatusNotFound, http.StatusForbidden},
	}.huma()
	h.Method = http.MethodDelete
	huma.Register(a, h, func(ctx context.Context, in *ArticleName) (*body[library.Erased], error) {
		erased, err := s.Erase(ctx, in.ID)
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		s.log.Info("article erased", "article", erased.ID, "revisions", erased.Revisions)
		return &body[library.Erased]{erased}, nil
	})
}
