package fields

// publishedNames are the names of meta elements with the time of publication, the
// most reliable first.
var publishedNames = []string{
	"article:published_time", "article:published", "og:published_time", "og:article:published_time",
	"datepublished", "date_published", "publishdate", "publish-date", "publish_date", "pubdate",
	"parsely-pub-date", "sailthru.date", "dc.date.issued", "dcterms.created", "dcterms.date", "dc.date",
	"dc.date.created", "citation_publication_date", "citation_date", "cxenseparse:recs:publishtime",
	"article.published", "originalpublicationdate", "published_time", "publication_date", "published",
	"bt:pubdate", "article_date_original", "datecreated", "date", "rnews:datepublished",
	"shareaholic:article_published_time", "timestamp", "pub_date", "created", "last-publish", "dcterms.issued",
	"ptime", "displaydate", "release_date",
}

// modifiedNames are the names of meta elements with the time of the last change, the
// most reliable first.
var modifiedNames = []string{
	"article:modified_time", "og:updated_time", "og:modified_time", "datemodified", "dcterms.modified",
	"dc.date.modified", "last-modified", "lastmod", "article.updated", "bt:moddate", "modified_time", "revised",
	"shareaholic:article_modified_time", "article:updated_time", "updated_time", "last_updated",
}
