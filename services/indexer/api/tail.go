package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// tailHeartbeat is the maximum time between two writes to a client, so that a
	// broken connection is noticed.
	tailHeartbeat = 15 * time.Second
	// tailWriteTimeout is the maximum time for a client to receive an event.
	tailWriteTimeout = 10 * time.Second
)

type tailEvent struct {
	Change   string        `json:"change" enum:"new,changed,outdated,erased"`
	ID       string        `json:"id"`
	Revision int32         `json:"revision,omitempty"`
	Article  *ArticleBrief `json:"article,omitempty"`
}

type tailInput struct {
	LastEventID string `header:"Last-Event-ID" doc:"Id of the last event received."`
}

func (s *service) registerTail(a huma.API) {
	huma.Register(a, operation{
		id: "tail", path: "/tail", tag: "feeds", summary: "Follow new and changed articles as they are stored",
		description: "Server-sent events, named after the change, with the data {change, id, revision, article}. " +
			"A client that reconnects sends the id of the last event it received, and gets the events it missed " +
			"as long as the stream keeps them. If the stream was lost, the client gets all events of the new one.",
		contentTypes: []string{"text/event-stream"}, response: "The events",
		errors: []int{http.StatusTooManyRequests},
	}.huma(), s.tail)
}

func (s *service) tail(_ context.Context, in *tailInput) (*huma.StreamResponse, error) {
	var after library.Place
	if in.LastEventID != "" {
		var err error
		if after, err = library.ParsePlace(in.LastEventID); err != nil {
			return nil, huma.Error400BadRequest("Last-Event-ID is not the id of an event: omit it, or send one")
		}
	}
	select {
	case s.tails <- struct{}{}:
	default:
		return nil, huma.Error429TooManyRequests("too many clients are following: try again later")
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { <-s.tails }()
		s.writeTail(hc, after)
	}}, nil
}

// writeTail sends events until the client disconnects or the server stops.
func (s *service) writeTail(hc huma.Context, after library.Place) {
	_, w := humago.Unwrap(hc)
	control := http.NewResponseController(w)
	hc.SetHeader("Content-Type", "text/event-stream")
	hc.SetHeader("Cache-Control", "no-store")
	hc.SetHeader("X-Accel-Buffering", "no")
	send := func(text string) bool {
		_ = control.SetWriteDeadline(time.Now().Add(tailWriteTimeout))
		if _, err := io.WriteString(w, text); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	if !send(": following\n\n") {
		return
	}
	for event, err := range s.Follow(hc.Context(), after, tailHeartbeat) {
		if err != nil {
			if hc.Context().Err() == nil {
				s.log.Warn("tail aborted", "error", err)
			}
			return
		}
		text := ": alive\n\n"
		if event != nil && !subject.IsReplay(event.GetChange()) {
			if text, err = eventText(event); err != nil {
				s.log.Warn("tail aborted", "error", err)
				return
			}
		}
		if !send(text) {
			return
		}
	}
}

// eventText encodes a revision event as a server-sent event.
func eventText(event *library.Event) (string, error) {
	one := tailEvent{
		Change: subject.ChangeName(event.GetChange()), ID: event.GetArticleId(), Revision: event.GetRevision(),
	}
	if article := event.GetArticle(); article != nil {
		seen := article.GetFetchTime().AsTime()
		b := brief(store.Hit{
			Article: article, ID: one.ID, FirstSeen: seen, LastSeen: seen, Revisions: int(one.Revision),
		})
		one.Article = &b
	}
	data, err := json.Marshal(one)
	if err != nil {
		return "", fmt.Errorf("encoding event %s: %w", event.Place, err)
	}
	return fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", event.Place, one.Change, data), nil
}
