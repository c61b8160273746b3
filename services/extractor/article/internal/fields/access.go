package fields

import (
	"strings"

	"github.com/dateline-news/dateline/services/extractor/article/internal/facts"
	"github.com/dateline-news/dateline/services/extractor/article/internal/record"
)

// Access is who can read the whole text of an article.
type Access = record.Field[record.Access]

// ReadAccess returns the access that metadata declares. Without a declaration, an
// article whose text ends in the notice of a paywall is paywalled.
func ReadAccess(f *facts.Facts, truncated bool) Access {
	switch free := f.Article["isAccessibleForFree"].(type) {
	case bool:
		return declaredAccess(free)
	case string:
		return declaredAccess(strings.EqualFold(free, "true"))
	}
	switch strings.ToLower(f.First("article:content_tier", "content_tier")) {
	case "free":
		return record.NewField(record.AccessFree, record.FromMeta, 0.85)
	case "locked", "metered", "premium":
		return record.NewField(record.AccessPaywalled, record.FromMeta, 0.8)
	}
	if truncated {
		return record.NewField(record.AccessPaywalled, record.FromStructure, 0.6)
	}
	return Access{Value: record.AccessUnknown}
}

func declaredAccess(free bool) Access {
	if free {
		return record.NewField(record.AccessFree, record.FromJSONLD, 0.92)
	}
	return record.NewField(record.AccessPaywalled, record.FromJSONLD, 0.92)
}
