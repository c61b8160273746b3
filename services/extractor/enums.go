package extractor

import (
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// The tables below map the enumerations of the article package to those of the
// contract. A value that a table lacks becomes the unspecified one.

var precisions = map[article.Precision]datelinev1.TimePrecision{
	article.PrecisionDay:    datelinev1.TimePrecision_TIME_PRECISION_DAY,
	article.PrecisionMinute: datelinev1.TimePrecision_TIME_PRECISION_MINUTE,
	article.PrecisionSecond: datelinev1.TimePrecision_TIME_PRECISION_SECOND,
}

var directions = map[article.Direction]datelinev1.Direction{
	article.LeftToRight: datelinev1.Direction_DIRECTION_LTR,
	article.RightToLeft: datelinev1.Direction_DIRECTION_RTL,
}

var pageKinds = map[article.PageKind]datelinev1.PageKind{
	article.KindArticle:  datelinev1.PageKind_PAGE_KIND_ARTICLE,
	article.KindLiveBlog: datelinev1.PageKind_PAGE_KIND_LIVE_BLOG,
	article.KindVideo:    datelinev1.PageKind_PAGE_KIND_VIDEO,
	article.KindGallery:  datelinev1.PageKind_PAGE_KIND_GALLERY,
}

var authorKinds = map[article.AuthorKind]datelinev1.AuthorKind{
	article.Person:       datelinev1.AuthorKind_AUTHOR_KIND_PERSON,
	article.Organisation: datelinev1.AuthorKind_AUTHOR_KIND_ORGANISATION,
}

var accesses = map[article.Access]datelinev1.Access{
	article.AccessFree:      datelinev1.Access_ACCESS_FREE,
	article.AccessPaywalled: datelinev1.Access_ACCESS_PAYWALLED,
}

var blockKinds = map[article.BlockKind]datelinev1.BlockKind{
	article.Paragraph: datelinev1.BlockKind_BLOCK_KIND_PARAGRAPH,
	article.Heading:   datelinev1.BlockKind_BLOCK_KIND_HEADING,
	article.Quote:     datelinev1.BlockKind_BLOCK_KIND_QUOTE,
	article.List:      datelinev1.BlockKind_BLOCK_KIND_LIST,
	article.Table:     datelinev1.BlockKind_BLOCK_KIND_TABLE,
	article.Picture:   datelinev1.BlockKind_BLOCK_KIND_IMAGE,
	article.Code:      datelinev1.BlockKind_BLOCK_KIND_CODE,
	article.Embed:     datelinev1.BlockKind_BLOCK_KIND_EMBED,
}

var sources = map[article.Source]datelinev1.FieldSource{
	article.FromJSONLD:     datelinev1.FieldSource_FIELD_SOURCE_JSON_LD,
	article.FromMicrodata:  datelinev1.FieldSource_FIELD_SOURCE_MICRODATA,
	article.FromOpenGraph:  datelinev1.FieldSource_FIELD_SOURCE_OPENGRAPH,
	article.FromMeta:       datelinev1.FieldSource_FIELD_SOURCE_META,
	article.FromStructure:  datelinev1.FieldSource_FIELD_SOURCE_STRUCTURE,
	article.FromText:       datelinev1.FieldSource_FIELD_SOURCE_TEXT,
	article.FromURL:        datelinev1.FieldSource_FIELD_SOURCE_URL,
	article.FromDataIsland: datelinev1.FieldSource_FIELD_SOURCE_DATA_ISLAND,
	article.FromRule:       datelinev1.FieldSource_FIELD_SOURCE_RULE,
	article.FromFeed:       datelinev1.FieldSource_FIELD_SOURCE_FEED,
	article.FromSitemap:    datelinev1.FieldSource_FIELD_SOURCE_SITEMAP,
}
