package forms

import (
	"strconv"
	"strings"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// The fields are those of the schema of IPTC ninjs 3.1, https://www.iptc.org/std/ninjs/ninjs-schema_3.1.json.
const (
	ninjsVersion = "3.1"
	ninjsSchema  = "https://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"
	// ninjsURI starts the identifiers of articles. A name of a publisher would claim to speak for it.
	ninjsURI = "urn:dateline:article:"
	// ninjsPictures is the maximum number of pictures.
	ninjsPictures = 50
)

type ninjsItem struct {
	URI            string        `json:"uri"`
	Standard       ninjsStandard `json:"standard"`
	Type           string        `json:"type"`
	Representation string        `json:"representationType,omitempty"`
	// Version is the number of the revision.
	Version        string     `json:"version,omitempty"`
	VersionCreated time.Time  `json:"versionCreated"`
	ContentCreated *time.Time `json:"contentCreated,omitempty"`
	PubStatus      string     `json:"pubStatus"`
	Language       string     `json:"language,omitempty"`
	// Headlines has the headline, Descriptions the summary, and Bodies the text.
	Headlines    []ninjsText    `json:"headlines,omitempty"`
	Descriptions []ninjsText    `json:"descriptions,omitempty"`
	Bodies       []ninjsText    `json:"bodies,omitempty"`
	By           string         `json:"by,omitempty"`
	Located      string         `json:"located,omitempty"`
	Subjects     []ninjsSubject `json:"subjects,omitempty"`
	InfoSources  []ninjsSource  `json:"infoSources,omitempty"`
	Associations []ninjsPicture `json:"associations,omitempty"`
	AltIDs       []ninjsAltID   `json:"altIds,omitempty"`
}

type ninjsStandard struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Schema  string `json:"schema"`
}

type ninjsText struct {
	Role        string `json:"role,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	WordCount   int32  `json:"wordCount,omitempty"`
	Value       string `json:"value"`
}

type ninjsSubject struct {
	Name string `json:"name"`
	Rel  string `json:"rel,omitempty"`
}

type ninjsSource struct {
	Name string `json:"name"`
	URI  string `json:"uri,omitempty"`
}

type ninjsAltID struct {
	Role  string `json:"role"`
	Value string `json:"value"`
}

type ninjsPicture struct {
	Name         string           `json:"name"`
	URI          string           `json:"uri"`
	Type         string           `json:"type"`
	By           string           `json:"by,omitempty"`
	Descriptions []ninjsText      `json:"descriptions,omitempty"`
	Renditions   []ninjsRendition `json:"renditions"`
}

type ninjsRendition struct {
	Name string `json:"name"`
	Href string `json:"href"`
}

func ninjs(e Event) (Message, error) {
	item := ninjsItem{
		URI: ninjsURI + e.ArticleID, Standard: ninjsStandard{Ninjs, ninjsVersion, ninjsSchema}, Type: "text",
		VersionCreated: e.Time, PubStatus: "usable",
		AltIDs: []ninjsAltID{{"event", e.ID}, {"subscription", e.Subscription}, {"type", e.Type}},
	}
	if e.Revision > 0 {
		item.Version = strconv.Itoa(e.Revision)
	}
	if e.Type == TypeErased {
		item.PubStatus = "canceled"
	}
	if e.Article != nil {
		item.describe(e.Article)
		item.Representation = "full"
		if e.truncated || e.Article.GetDamaged() || e.Article.GetAccess() == datelinev1.Access_ACCESS_PAYWALLED {
			item.Representation = "partial"
		}
	}
	return encode(e, contentJSON, item)
}

func (item *ninjsItem) describe(a *datelinev1.Article) {
	item.Language, item.Located = a.GetLanguage(), a.GetDateline()
	item.Headlines = texts("main", a.GetTitle())
	item.Descriptions = texts("summary", a.GetSummary())
	item.Bodies = texts("main", a.GetText())
	for i := range item.Bodies {
		item.Bodies[i].WordCount = a.GetWordCount()
	}
	if t := a.GetPublished().GetValue(); t.IsValid() {
		at := t.AsTime()
		item.ContentCreated = &at
	}
	var authors []string
	for _, author := range a.GetAuthors() {
		authors = append(authors, author.GetName())
	}
	item.By = strings.Join(authors, ", ")
	if section := a.GetSection(); section != "" {
		item.Subjects = append(item.Subjects, ninjsSubject{section, "section"})
	}
	for _, tag := range a.GetTags() {
		item.Subjects = append(item.Subjects, ninjsSubject{tag, "tag"})
	}
	if name := siteOf(a); name != "" {
		item.InfoSources = []ninjsSource{{name, a.GetCanonicalUrl()}}
	}
	for i, image := range a.GetImages() {
		if image.GetUrl() == "" || len(item.Associations) == ninjsPictures {
			continue
		}
		item.Associations = append(item.Associations, ninjsPicture{
			Name: "picture" + strconv.Itoa(i+1), URI: image.GetUrl(), Type: "picture", By: image.GetCredit(),
			Descriptions: texts("caption", image.GetCaption()), Renditions: []ninjsRendition{{"original", image.GetUrl()}},
		})
	}
}

func texts(role, value string) []ninjsText {
	if value == "" {
		return nil
	}
	return []ninjsText{{Role: role, ContentType: "text/plain", Value: value}}
}

// siteOf returns the name of an article's site, or its host.
func siteOf(a *datelinev1.Article) string {
	if name := a.GetSiteName(); name != "" {
		return name
	}
	return a.GetHost()
}
