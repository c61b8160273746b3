package fields

import "github.com/dateline-news/dateline/services/extractor/article/internal/record"

// Details are the fields around the text.
type Details struct {
	Authors             Authors
	Published, Modified Time
	Section, Kicker     record.Field[string]
	Tags                Tags
	ReadingTime         record.Field[int] // stated by the page, in minutes
	Pages               Pages
}

// ReadDetails reads the fields around the text. firstURL is the address of the article's
// first page, or "" if it is not known.
func ReadDetails(v *View, firstURL string) Details {
	byline := ReadByline(v)
	d := Details{Authors: ReadAuthors(v, byline), Tags: ReadTags(v), ReadingTime: StatedReadingTime(v)}
	d.Published, d.Modified = ReadTimes(v, byline.Value)
	d.Section, d.Kicker = ReadSection(v)
	d.Pages = ReadPages(v, firstURL)
	return d
}
