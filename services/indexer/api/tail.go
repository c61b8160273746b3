package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// tailBeat is how often a client hears something, so that a dead connection is
// noticed; tailPause is how long it may take to receive it.
const (
	tailBeat  = 15 * time.Second
	tailPause = 10 * time.Second
)

type tailEvent struct {
	Change   string        `json:"change" enum:"new,changed,outdated,erased"`
	ID       string        `json:"id"`
	Revision int32         `json:"revision,omitempty"`
	Article  *ArticleBrief `json:"article,omitempty"`
}

func (s *service) registerTail(a huma.API) {
	operation := get("tail", "/tail", "feeds", "Follow new and changed articles as they are stored",
		"Server-sent events, each named for what happened, with the data {change, id, revision, article}. A client that was away gives the id of the last event it saw and gets what it missed, for as long as the stream keeps it.",
		http.StatusTooManyRequests)
	operation.Responses = map[string]*huma.Response{"200": {Description: "The events", Content: map[string]*huma.MediaType{"text/event-stream": {}}}}
	huma.Register(a, operation, func(_ context.Context, in *struct {
		LastEventID string `header:"Last-Event-ID" doc:"The id of the last event that was seen."`
	}) (*huma.StreamResponse, error) {
		var after uint64
		if in.LastEventID != "" {
			var err error
			if after, err = strconv.ParseUint(in.LastEventID, 10, 64); err != nil {
				return nil, huma.Error400BadRequest("Last-Event-ID is no number; leave it out, or give that of an event")
			}
		}
		select {
		case s.tails <- struct{}{}:
		default:
			return nil, huma.Error429TooManyRequests("as many clients follow as may at once; try again later")
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer func() { <-s.tails }()
			s.tail(hc, after)
		}}, nil
	})
}

func (s *service) tail(hc huma.Context, after uint64) {
	_, w := humago.Unwrap(hc)
	control := http.NewResponseController(w)
	hc.SetHeader("Content-Type", "text/event-stream")
	hc.SetHeader("Cache-Control", "no-store")
	hc.SetHeader("X-Accel-Buffering", "no")
	send := func(format string, arguments ...any) bool {
		_ = control.SetWriteDeadline(time.Now().Add(tailPause))
		if _, err := fmt.Fprintf(w, format, arguments...); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	if !send(": following\n\n") {
		return
	}
	for event, err := range s.library.Follow(hc.Context(), after, tailBeat) {
		switch {
		case err != nil:
			if hc.Context().Err() == nil {
				s.log.Warn("following broke off", "error", err)
			}
			return
		case event == nil:
			if !send(": alive\n\n") {
				return
			}
			continue
		}
		one := tailEvent{Change: subject.ChangeName(event.GetChange()), ID: event.GetArticleId(), Revision: event.GetRevision()}
		if article := event.GetArticle(); article != nil {
			seen := article.GetFetchTime().AsTime()
			b := brief(store.Hit{Article: article, ID: one.ID, FirstSeen: seen, LastSeen: seen, Revisions: int(one.Revision)})
			one.Article = &b
		}
		data, err := json.Marshal(one)
		if err != nil || !send("id: %d\nevent: %s\ndata: %s\n\n", event.Sequence, one.Change, data) {
			return
		}
	}
}
