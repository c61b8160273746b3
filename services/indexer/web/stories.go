package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// storyPage is the timeline of a story across sites.
type storyPage struct {
	Title   string
	Events  []storyEvent
	Members int
	Sites   int
	Changed int // members that changed after their publication
	Cut     bool
}

// storyEvent is the publication or the last change of a member.
type storyEvent struct {
	store.StoryMember
	At   time.Time
	Site string
	// After is the time since the first publication, such as 2 h 5 min.
	After string
	// Compare is the URL of the last change's difference. It is empty if the event is the
	// publication.
	Compare string
	// Thumbnail is the path of the article's thumbnail, or empty.
	Thumbnail string
}

// maxStoryThumbnails is the maximum number of members that are shown with a thumbnail.
const maxStoryThumbnails = 12

// maxStoryMembers is the number of members that a store returns at most.
const maxStoryMembers = 200

func (s *site) story(w http.ResponseWriter, r *http.Request) {
	hit, err := s.Article(r.Context(), library.Name(r.PathValue("id")))
	var members []store.StoryMember
	var names siteNames
	if err == nil {
		members, err = s.Story(r.Context(), hit.ID)
	}
	if err == nil {
		names, err = s.siteNames(r.Context(), memberHosts(members))
	}
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	if len(members) == 0 {
		http.Redirect(w, r, "/articles/"+url.PathEscape(hit.ID), http.StatusSeeOther)
		return
	}
	page := newStoryPage(members, names)
	if err := s.addThumbnails(r.Context(), page.Events); err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	page.Title = cmp.Or(members[0].Title, members[0].URL)
	s.show(w, r, http.StatusOK, "story", page.Title, page)
}

// addThumbnails adds the thumbnails of the first publications.
func (s *site) addThumbnails(ctx context.Context, events []storyEvent) error {
	shown := 0
	for i := range events {
		if events[i].Compare != "" || shown == maxStoryThumbnails || !s.config.Pictures {
			continue
		}
		shown++
		hit, err := s.Article(ctx, events[i].ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		events[i].Thumbnail = s.thumbnailURL(events[i].ID, hit.Article)
	}
	return nil
}

func memberHosts(members []store.StoryMember) []string {
	var hosts []string
	for _, m := range members {
		hosts = append(hosts, m.Host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// newStoryPage returns the timeline of members, which are ordered by time.
func newStoryPage(members []store.StoryMember, names siteNames) storyPage {
	page := storyPage{Members: len(members), Sites: len(memberHosts(members)), Cut: len(members) == maxStoryMembers}
	for _, m := range members {
		event := storyEvent{StoryMember: m, At: m.Time, Site: names.Of(m.Host), After: elapsed(m.Time.Sub(members[0].Time))}
		page.Events = append(page.Events, event)
		if m.Revisions > 1 {
			page.Changed++
			event.At, event.After = m.Changed, elapsed(m.Changed.Sub(members[0].Time))
			event.Compare = "/articles/" + url.PathEscape(m.ID) + "/changes"
			page.Events = append(page.Events, event)
		}
	}
	slices.SortStableFunc(page.Events, func(a, b storyEvent) int { return a.At.Compare(b.At) })
	return page
}

// elapsed formats a duration for people. It returns "" for less than a minute.
func elapsed(d time.Duration) string {
	if d < time.Minute {
		return ""
	}
	return age(d)
}
