package api

import (
	"context"
	"time"

	"github.com/dateline-news/dateline/services/archiver/captures"
)

type captureAnswer struct {
	Time         time.Time  `json:"time"`
	URL          string     `json:"url"`
	Status       int        `json:"status"`
	Type         string     `json:"type,omitempty" doc:"Media type of the response."`
	Digest       string     `json:"digest" doc:"Digest of the body in its content encoding."`
	OriginalTime *time.Time `json:"original_time,omitempty" doc:"Time of the earlier capture with the same body. Absent if the archive has a body of this capture."`
	File         string     `json:"file" doc:"WARC file with the record."`
	Offset       int64      `json:"offset"`
	Length       int64      `json:"length"`
}

func newCapture(c captures.Capture) captureAnswer {
	answer := captureAnswer{
		Time: c.Time, URL: c.URL, Status: c.Status, Type: c.Type, Digest: c.Digest, File: c.File, Offset: c.Offset,
		Length: c.Length,
	}
	if c.IsRevisit() {
		answer.OriginalTime = &c.OriginalTime
	}
	return answer
}

func (s *service) listCaptures(ctx context.Context, in *ArticleName) (*body[[]captureAnswer], error) {
	hit, err := s.article(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := s.Captures(ctx, hit.Article)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answers := make([]captureAnswer, len(all))
	for i, c := range all {
		answers[i] = newCapture(c)
	}
	return &body[[]captureAnswer]{answers}, nil
}

type captureName struct {
	ArticleName

	Time time.Time `path:"time" doc:"Time of the capture, as the list of captures gives it."`
}

func (s *service) capture(ctx context.Context, in *captureName) (*rawAnswer, error) {
	hit, err := s.article(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	raw, err := s.RawCapture(ctx, hit.Article, in.Time)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return newRawAnswer(hit, raw), nil
}
