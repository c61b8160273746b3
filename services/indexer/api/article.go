package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// ArticleName is the path parameter that names an article.
type ArticleName struct {
	ID string `path:"id" maxLength:"8192" doc:"Id of the article, at least its first eight digits, or a URL that leads to it, percent-encoded."`
}

type articleAnswer struct {
	ID        string    `json:"id"`
	Time      time.Time `json:"time" doc:"Time of publication, or of the first fetch if the page gives none."`
	FirstSeen time.Time `json:"first_seen" doc:"Time of the first fetch."`
	LastSeen  time.Time `json:"last_seen" doc:"Time of the last fetch."`
	Revisions int       `json:"revisions" doc:"Number of revisions."`
	Story     string    `json:"story,omitempty" doc:"Identifies the article's group of copies. Copies of an article have the same value."`
	Record    Record    `json:"record" doc:"Newest revision, with the provenance of each field."`
}

type memberAnswer struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Host      string    `json:"host"`
	SiteName  string    `json:"site_name,omitempty" doc:"Name that the site gave itself last."`
	Title     string    `json:"title"`
	Language  string    `json:"language,omitempty" doc:"BCP 47 tag. und means that the language is unknown."`
	Time      time.Time `json:"time" doc:"Time of publication, or of the first fetch if the page gives none."`
	FirstSeen time.Time `json:"first_seen"`
	Revisions int       `json:"revisions" doc:"Number of revisions."`
	Changed   time.Time `json:"changed" doc:"Time of the first fetch of the newest revision."`
}

// newMember returns a member of a story, given the name of its site.
func newMember(m store.StoryMember, site string) memberAnswer {
	return memberAnswer{
		ID: m.ID, URL: m.URL, Host: m.Host, SiteName: site, Title: m.Title, Language: m.Language, Time: m.Time,
		FirstSeen: m.FirstSeen, Revisions: m.Revisions, Changed: m.Changed,
	}
}

type bytesAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// article returns the article that a path names, or an error response.
func (s *service) article(ctx context.Context, id string) (store.Hit, error) {
	hit, err := s.Article(ctx, library.Name(id))
	if err != nil {
		return store.Hit{}, s.errorResponse(ctx, err)
	}
	return hit, nil
}

func (s *service) registerArticle(a huma.API) {
	huma.Register(a, operation{
		id: "article", path: "/articles/{id}", tag: "articles", summary: "Read an article",
		errors: []int{http.StatusNotFound},
	}.huma(), s.getArticle)
	huma.Register(a, operation{
		id: "revisions", path: "/articles/{id}/revisions", tag: "articles", summary: "List an article's revisions",
		errors: []int{http.StatusNotFound},
	}.huma(), s.listRevisions)
	huma.Register(a, operation{
		id: "revision", path: "/articles/{id}/revisions/{number}", tag: "articles", summary: "Read a revision of an article",
		description: "The permanent address of a revision. The response changes only if the revision is seen again or " +
			"the article is erased.",
		errors: []int{http.StatusNotFound},
	}.huma(), s.getRevision)
	huma.Register(a, operation{
		id: "revision-raw", path: "/articles/{id}/revisions/{number}/raw", tag: "articles",
		summary:     "Get the page of a revision as received",
		description: "The page of the last fetch that returned the revision, like /articles/{id}/raw.",
		errors:      []int{http.StatusNotFound, http.StatusGone},
	}.huma(), s.rawRevision)
	huma.Register(a, operation{
		id: "diff", path: "/articles/{id}/diff", tag: "articles", summary: "Compare two revisions",
		description: "Compares word by word. The default is the newest revision and the one before it.",
		errors:      []int{http.StatusBadRequest, http.StatusNotFound},
	}.huma(), s.diff)
	huma.Register(a, operation{
		id: "story", path: "/articles/{id}/story", tag: "articles", summary: "List an article's copies",
		description: "Ordered by time of publication: the first is the first publisher's. " +
			"Empty if there are no copies.",
		errors: []int{http.StatusNotFound},
	}.huma(), s.listCopies)
	huma.Register(a, operation{
		id: "outcomes", path: "/articles/{id}/outcomes", tag: "articles",
		summary: "List the outcomes of an article's URLs", description: "The outcome of each stage, ordered by time.",
		errors: []int{http.StatusNotFound},
	}.huma(), s.listOutcomes)
	huma.Register(a, operation{
		id: "raw", path: "/articles/{id}/raw", tag: "articles", summary: "Get the page as received",
		description: "The bytes that the origin sent, in its content encoding. " +
			"Available as long as the stream of pages or the archive keeps the page.",
		errors: []int{http.StatusNotFound, http.StatusGone},
	}.huma(), s.raw)
	huma.Register(a, operation{
		id: "captures", path: "/articles/{id}/captures", tag: "articles", summary: "List the archived captures of an article",
		description: "The captures of all URLs of the article, newest first. Empty without an archive.",
		errors:      []int{http.StatusNotFound},
	}.huma(), s.listCaptures)
	huma.Register(a, operation{
		id: "capture", path: "/articles/{id}/captures/{time}", tag: "articles",
		summary:     "Get a captured page as received",
		description: "The bytes that the origin sent, in its content encoding.",
		errors:      []int{http.StatusNotFound, http.StatusGone},
	}.huma(), s.capture)
	s.registerFormat(a, operation{
		id: "newsarticle", path: "/articles/{id}/newsarticle", summary: "Get an article as a schema.org NewsArticle",
		contentTypes: []string{"application/ld+json"},
	}, func(hit store.Hit) ([]byte, error) { return library.NewsArticle(hit.Article) })
	s.registerFormat(a, operation{
		id: "ninjs", path: "/articles/{id}/ninjs", summary: "Get an article as an item of IPTC ninjs 3.0",
		contentTypes: []string{"application/json"},
	}, library.Ninjs)
}

// registerFormat registers an operation that returns an article in another
// format.
func (s *service) registerFormat(a huma.API, o operation, encode func(store.Hit) ([]byte, error)) {
	o.tag, o.response, o.errors = "articles", "The article", []int{http.StatusNotFound}
	contentType := o.contentTypes[0]
	huma.Register(a, o.huma(), func(ctx context.Context, in *ArticleName) (*bytesAnswer, error) {
		hit, err := s.article(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		data, err := encode(hit)
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		return &bytesAnswer{contentType, data}, nil
	})
}

func (s *service) getArticle(ctx context.Context, in *ArticleName) (*body[articleAnswer], error) {
	hit, err := s.article(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[articleAnswer]{articleAnswer{
		ID: hit.ID, Time: hit.Time, FirstSeen: hit.FirstSeen, LastSeen: hit.LastSeen, Revisions: hit.Revisions,
		Story: hit.Story, Record: Record{hit.Article},
	}}, nil
}

func (s *service) listCopies(ctx context.Context, in *ArticleName) (*body[[]memberAnswer], error) {
	hit, err := s.article(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	members, err := s.Story(ctx, hit.ID)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	var hosts []string
	for _, m := range members {
		hosts = append(hosts, m.Host)
	}
	sites, err := s.SiteNames(ctx, hosts)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	answers := []memberAnswer{}
	for _, member := range members {
		answers = append(answers, newMember(member, sites[member.Host]))
	}
	return &body[[]memberAnswer]{answers}, nil
}

type rawAnswer struct {
	ContentType     string `header:"Content-Type"`
	ContentEncoding string `header:"Content-Encoding"`
	Disposition     string `header:"Content-Disposition"`
	OriginalType    string `header:"X-Original-Content-Type" doc:"Content type given by the origin."`
	Location        string `header:"Content-Location" doc:"URL of the page."`
	Body            []byte
}

func (s *service) raw(ctx context.Context, in *ArticleName) (*rawAnswer, error) {
	hit, err := s.article(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.rawPage(ctx, hit)
}

// rawPage returns the page that a hit's record was extracted from.
func (s *service) rawPage(ctx context.Context, hit store.Hit) (*rawAnswer, error) {
	raw, err := s.Raw(ctx, hit.Article)
	if err != nil {
		return nil, s.errorResponse(ctx, err)
	}
	return newRawAnswer(hit, raw), nil
}

func newRawAnswer(hit store.Hit, raw library.Raw) *rawAnswer {
	// The content type and disposition keep a browser from showing a foreign
	// page as a page of this server.
	return &rawAnswer{
		ContentType: "application/octet-stream", Disposition: `attachment; filename="` + shortID(hit.ID) + `.html"`,
		ContentEncoding: raw.ContentEncoding, OriginalType: raw.ContentType, Location: raw.URL, Body: raw.Body,
	}
}

// shortID returns a prefix of an id for use in a file name.
func shortID(id string) string {
	const digits = 16
	return id[:min(digits, len(id))]
}
