package api

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/library"
)

type waitingInput struct {
	URL string `query:"url" required:"true" maxLength:"8192" doc:"A URL. It is canonicalized."`
}

// listWaiting answers for URLs that the fetcher has not finished with.
func (s *service) listWaiting(ctx context.Context, in *waitingInput) (*body[[]library.Waiting], error) {
	waiting, err := s.Waiting(ctx, in.URL)
	if errors.Is(err, library.ErrNoURL) {
		return nil, huma.Error400BadRequest(err.Error())
	}
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	if waiting == nil {
		waiting = []library.Waiting{}
	}
	return &body[[]library.Waiting]{waiting}, nil
}

type hostInput struct {
	Host string `path:"host" maxLength:"300" doc:"Host, such as example.com."`
}

func (s *service) getHost(ctx context.Context, in *hostInput) (*body[library.Host], error) {
	host, err := s.Host(ctx, in.Host)
	if errors.Is(err, library.ErrNoHost) {
		return nil, huma.Error400BadRequest(err.Error())
	}
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return &body[library.Host]{host}, nil
}
