package extractor

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor/article"
)

// rightsHeaders are the headers in which sites say what machines may do with a page.
var rightsHeaders = []string{"x-robots-tag", "tdm-reservation", "tdm-policy"}

// toRecord writes what the library found as the contract says it.
func toRecord(a *article.Article, page *datelinev1.Page) *datelinev1.Article {
	record := FromArticle(a)
	record.RequestedUrl, record.FinalUrl = page.GetRequestedUrl(), page.GetFinalUrl()
	record.FetchTime = page.GetFetchTime()
	for _, h := range page.GetHeaders() {
		if slices.Contains(rightsHeaders, h.GetName()) {
			record.Rights = append(record.Rights, &datelinev1.RightsSignal{Place: "header", Name: h.GetName(), Value: h.GetValue()})
		}
	}
	request := page.GetRequest()
	record.RequestId, record.Labels, record.Priority = request.GetRequestId(), request.GetLabels(), request.GetPriority()
	if record.DueTime = request.GetRequestTime(); request.GetNotBeforeTime().AsTime().After(record.DueTime.AsTime()) {
		record.DueTime = request.GetNotBeforeTime()
	}
	return record
}

// FromArticle writes an article of the library in the contract's form, without
// what only the pipeline knows of it.
func FromArticle(a *article.Article) *datelinev1.Article {
	id, canonical, host := identity(a.CanonicalURL)
	r := &datelinev1.Article{
		Id: id, FinalUrl: a.URL, CanonicalUrl: canonical, Host: host, SiteName: a.SiteName,
		Title: a.Title, Summary: a.Summary, Section: a.Section, Dateline: a.Dateline,
		Published: publicationTime(a.Published), Modified: publicationTime(a.Modified),
		Language: a.Language, Direction: directions[a.Direction], Text: a.Text, Tags: a.Tags, Access: accesses[a.Access],
		WordCount: int32(a.WordCount), ReadingTimeMinutes: int32(a.ReadingTimeMinutes), ContentHash: a.ContentHash,
		Provenance: map[string]*datelinev1.Provenance{}, ExtractorVersion: a.ExtractorVersion,
		Kicker: a.Kicker, PageKind: pageKinds[a.Kind], Charset: a.Charset, Damaged: a.Damaged,
	}
	if r.Section == "" {
		r.Section = a.Kicker
	}
	for _, author := range a.Authors {
		r.Authors = append(r.Authors, &datelinev1.Author{Name: author.Name, Url: author.URL, Kind: authorKinds[author.Kind]})
	}
	for _, signal := range a.Rights {
		r.Rights = append(r.Rights, &datelinev1.RightsSignal{Place: "meta", Name: signal.Name, Value: signal.Value})
	}
	for _, image := range a.Images {
		r.Images = append(r.Images, &datelinev1.Image{Url: image.URL, Alt: image.Alt, Caption: image.Caption, Credit: image.Credit, Lead: image.Lead})
	}
	for _, block := range a.Body {
		r.Body = append(r.Body, toBlock(block))
	}
	for field, p := range a.Provenance {
		r.Provenance[field] = &datelinev1.Provenance{Source: sources[p.Source], Confidence: p.Confidence}
	}
	return r
}

// identity returns the id, the canonical form and the host of an article's URL.
// A saved file may have none that is a web address: what it has identifies it.
func identity(canonical string) (id, url, host string) {
	if parsed, err := weburl.Parse(canonical); err == nil {
		return parsed.ID(), parsed.String(), parsed.Host()
	}
	sum := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(sum[:16]), canonical, ""
}

func host(url string) string {
	_, _, host := identity(url)
	return host
}

func articlesSubject(r *datelinev1.Article) string {
	place := "file"
	if url, err := weburl.Parse(r.GetCanonicalUrl()); err == nil {
		place = url.SubjectHost()
	}
	return subject.Articles(r.GetLanguage(), place)
}

func toBlock(b article.Block) *datelinev1.Block {
	block := &datelinev1.Block{
		Kind: blockKinds[b.Kind], Text: b.Text, Level: int32(b.Level), Ordered: b.Ordered, Items: b.Items,
		ImageIndex: int32(b.Image), EmbedUrl: b.URL,
	}
	for i, cells := range b.Rows {
		block.Rows = append(block.Rows, &datelinev1.TableRow{Cells: cells, Header: i == 0 && b.HeaderRow})
	}
	for _, link := range b.Links {
		block.Links = append(block.Links, &datelinev1.Link{Start: int32(link.Start), End: int32(link.End), Url: link.URL})
	}
	return block
}

func publicationTime(t *article.Timestamp) *datelinev1.PublicationTime {
	if t == nil {
		return nil
	}
	p := &datelinev1.PublicationTime{Value: timestamppb.New(t.Time), Precision: precisions[t.Precision]}
	if t.HasZone {
		_, seconds := t.Time.Zone()
		minutes := int32(seconds / 60)
		p.UtcOffsetMinutes = &minutes
	}
	return p
}

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
}
