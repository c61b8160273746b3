package library

import (
	"encoding/json"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// jsonLD is an object in JSON-LD.
type jsonLD map[string]any

// set sets a property unless the value is empty.
func (o jsonLD) set(name, value string) {
	if value != "" {
		o[name] = value
	}
}

// NewsArticle encodes an article as a schema.org NewsArticle in JSON-LD.
func NewsArticle(a *datelinev1.Article) ([]byte, error) {
	news := jsonLD{
		"@context": "https://schema.org", "@type": "NewsArticle", "@id": a.GetCanonicalUrl(),
		"url": a.GetCanonicalUrl(), "mainEntityOfPage": a.GetCanonicalUrl(),
		"headline": a.GetTitle(), "articleBody": a.GetText(), "wordCount": a.GetWordCount(),
	}
	news.set("description", a.GetSummary())
	news.set("articleSection", a.GetSection())
	news.set("dateline", a.GetDateline())
	news.set("datePublished", TimeText(a.GetPublished()))
	news.set("dateModified", TimeText(a.GetModified()))
	if a.GetLanguage() != "und" {
		news.set("inLanguage", a.GetLanguage())
	}
	if len(a.GetTags()) > 0 {
		news["keywords"] = a.GetTags()
	}
	if a.GetSiteName() != "" {
		news["publisher"] = jsonLD{"@type": "Organization", "name": a.GetSiteName()}
	}
	if authors := authorObjects(a); authors != nil {
		news["author"] = authors
	}
	if images := imageObjects(a); images != nil {
		news["image"] = images
	}
	switch a.GetAccess() {
	case datelinev1.Access_ACCESS_FREE:
		news["isAccessibleForFree"] = true
	case datelinev1.Access_ACCESS_PAYWALLED:
		news["isAccessibleForFree"] = false
	}
	return json.Marshal(news)
}

func authorObjects(a *datelinev1.Article) []jsonLD {
	var authors []jsonLD
	for _, author := range a.GetAuthors() {
		kind := "Person"
		if author.GetKind() == datelinev1.AuthorKind_AUTHOR_KIND_ORGANISATION {
			kind = "Organization"
		}
		one := jsonLD{"@type": kind, "name": author.GetName()}
		one.set("url", author.GetUrl())
		authors = append(authors, one)
	}
	return authors
}

func imageObjects(a *datelinev1.Article) []jsonLD {
	var images []jsonLD
	for _, image := range a.GetImages() {
		if image.GetUrl() == "" {
			continue
		}
		one := jsonLD{"@type": "ImageObject", "url": image.GetUrl()}
		one.set("caption", image.GetCaption())
		one.set("creditText", image.GetCredit())
		images = append(images, one)
	}
	return images
}

// TimeText formats a time as precisely as the page gives it: as a day, or as a
// time in RFC 3339 with the UTC offset of the page. It returns "" if the page
// gives no time.
func TimeText(t *datelinev1.PublicationTime) string {
	if t.GetValue() == nil || !t.GetValue().IsValid() {
		return ""
	}
	at := t.GetValue().AsTime()
	if t.GetPrecision() == datelinev1.TimePrecision_TIME_PRECISION_DAY {
		return at.Format(time.DateOnly)
	}
	if t.UtcOffsetMinutes != nil {
		at = at.In(time.FixedZone("", int(t.GetUtcOffsetMinutes())*60))
	}
	return at.Format(time.RFC3339)
}
