package mcpserver

import (
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Facts are what is known about a revision of an article, without its text.
type Facts struct {
	ID           string    `json:"id" jsonschema:"Id of the article. The other tools accept it."`
	URL          string    `json:"url" jsonschema:"URL of the article, to cite."`
	Fetched      time.Time `json:"fetched" jsonschema:"Time of the fetch that returned this text, to cite."`
	FirstFetched time.Time `json:"first_fetched" jsonschema:"Time of the first fetch of the article."`
	Published    string    `json:"published,omitempty" jsonschema:"Time of publication according to the page, or only the day."`
	Modified     string    `json:"modified,omitempty" jsonschema:"Time of the last change according to the page."`
	Host         string    `json:"host"`
	Site         string    `json:"site,omitempty" jsonschema:"Name of the site."`
	Title        string    `json:"title"`
	Section      string    `json:"section,omitempty"`
	Authors      []string  `json:"authors,omitempty"`
	Tags         []string  `json:"tags,omitempty"`
	Language     string    `json:"language" jsonschema:"BCP 47 tag. und means that the language is unknown."`
	Access       string    `json:"access,omitempty" jsonschema:"free or paywalled. Of a paywalled article, only a part may be stored."`
	WordCount    int32     `json:"word_count"`
	Revisions    int       `json:"revisions" jsonschema:"Number of revisions of the article."`
	Story        string    `json:"story,omitempty" jsonschema:"Same value for all copies of an article."`
	Rights       []string  `json:"rights,omitempty" jsonschema:"Statements of the site about use by machines."`
	Withheld     string    `json:"withheld,omitempty" jsonschema:"Why the text is not given. Absent if it is."`
}

// factsOf returns the facts about a hit.
func factsOf(hit store.Hit) Facts {
	a := hit.Article
	var authors []string
	for _, author := range a.GetAuthors() {
		authors = append(authors, author.GetName())
	}
	return Facts{
		ID: hit.ID, URL: line(a.GetCanonicalUrl(), maxURL), Fetched: fetched(a, hit.LastSeen),
		FirstFetched: hit.FirstSeen.UTC(), Published: library.TimeText(a.GetPublished()),
		Modified: library.TimeText(a.GetModified()), Host: line(a.GetHost(), maxTitle), Site: line(a.GetSiteName(), maxName),
		Title: line(a.GetTitle(), maxTitle), Section: line(a.GetSection(), maxName), Authors: lines(authors, maxName),
		Tags: lines(a.GetTags(), maxName), Language: line(a.GetLanguage(), maxName), Access: store.AccessName(a.GetAccess()),
		WordCount: a.GetWordCount(), Revisions: hit.Revisions, Story: hit.Story, Rights: statements(a),
		Withheld: reservation(a),
	}
}

// fetched returns the time of the fetch that a record came from.
func fetched(a *datelinev1.Article, lastSeen time.Time) time.Time {
	if t := a.GetFetchTime(); t.IsValid() {
		return t.AsTime()
	}
	return lastSeen.UTC()
}

// maxArgument is the maximum length of an argument that names something, in characters.
const maxArgument = 2000

// name is the argument that names an article.
type name struct {
	ID string `json:"id" jsonschema:"Id of the article (at least its first eight digits), or a URL that leads to it."`
}

func limitName(p properties) { p["id"].MinLength, p["id"].MaxLength = new(1), new(maxArgument) }

// limitNumber sets the range of a number.
func limitNumber(schema *jsonschema.Schema, least, most int) {
	schema.Minimum, schema.Maximum = new(float64(least)), new(float64(most))
}
