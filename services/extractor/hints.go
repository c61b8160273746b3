package extractor

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// hintSources lists the kinds of endpoints whose statements about an article are used. A
// page of links only has the text of the link.
var hintSources = map[datelinev1.Purpose]article.Source{
	datelinev1.Purpose_PURPOSE_FEED:    article.FromFeed,
	datelinev1.Purpose_PURPOSE_SITEMAP: article.FromSitemap,
}

// hints returns what the endpoint that a request came from states about the article.
func hints(request *datelinev1.FetchRequest) article.Hints {
	listed := request.GetListed()
	return article.Hints{
		Source: hintSources[request.GetOrigin().GetEndpointPurpose()],
		Title:  listed.GetTitle(), Summary: listed.GetSummary(), Section: listed.GetSection(),
		Language: listed.GetLanguage(), ImageURL: listed.GetImageUrl(),
		Authors: listed.GetAuthors(), Keywords: listed.GetKeywords(),
		Published: timeOf(listed.GetPublishedTime()), Modified: timeOf(listed.GetModifiedTime()),
	}
}

// timeOf returns a time, or the zero time if it is unset or invalid.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if !t.IsValid() {
		return time.Time{}
	}
	return t.AsTime()
}
