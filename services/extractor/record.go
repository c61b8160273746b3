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

// rightsHeaders lists the response headers in which sites reserve rights against
// indexing, mining or training.
var rightsHeaders = []string{"x-robots-tag", "tdm-reservation", "tdm-policy"}

// toRecord converts an article to its record in the contract, with the facts that
// the fetched page and its request add.
func toRecord(a *article.Article, page *datelinev1.Page) *datelinev1.Article {
	record := FromArticle(a)
	record.RequestedUrl, record.FinalUrl = page.GetRequestedUrl(), page.GetFinalUrl()
	record.FetchTime = page.GetFetchTime()
	for _, h := range page.GetHeaders() {
		if slices.Contains(rightsHeaders, h.GetName()) {
			record.Rights = append(record.Rights, &datelinev1.RightsSignal{
				Place: "header", Name: h.GetName(), Value: h.GetValue(),
			})
		}
	}
	request := page.GetRequest()
	record.Origin = request.GetOrigin()
	record.RequestId, record.Labels, record.Priority = request.GetRequestId(), request.GetLabels(), request.GetPriority()
	record.DueTime = request.GetRequestTime()
	if request.GetNotBeforeTime().AsTime().After(record.DueTime.AsTime()) {
		record.DueTime = request.GetNotBeforeTime()
	}
	return record
}

// FromArticle converts an article to its record in the contract. The record lacks
// the facts that only the pipeline knows, such as the fetch time.
func FromArticle(a *article.Article) *datelinev1.Article {
	id, canonical, host := identity(a.CanonicalURL)
	r := &datelinev1.Article{
		Id: id, FinalUrl: a.URL, CanonicalUrl: canonical, Host: host, SiteName: a.SiteName,
		Title: a.Title, Summary: a.Summary, Section: a.Section, Dateline: a.Dateline,
		Published: publicationTime(a.Published), Modified: publicationTime(a.Modified),
		Language: a.Language, Direction: directions[a.Direction],
		Text: a.Text, Tags: a.Tags, Access: accesses[a.Access], ContentHash: a.ContentHash,
		WordCount: int32(a.WordCount), ReadingTimeMinutes: int32(a.ReadingTimeMinutes),
		Provenance: map[string]*datelinev1.Provenance{}, ExtractorVersion: a.ExtractorVersion,
		Kicker: a.Kicker, PageKind: pageKinds[a.Kind], Charset: a.Charset, Damaged: a.Damaged,
		DeclaredCanonicalUrl: a.DeclaredCanonicalURL, Pages: int32(a.Pages), Complete: &a.Complete,
	}
	if r.Section == "" {
		r.Section = a.Kicker
	}
	for _, author := range a.Authors {
		r.Authors = append(r.Authors, &datelinev1.Author{
			Name: author.Name, Url: author.URL, Kind: authorKinds[author.Kind],
		})
	}
	for _, signal := range a.Rights {
		r.Rights = append(r.Rights, &datelinev1.RightsSignal{Place: "meta", Name: signal.Name, Value: signal.Value})
	}
	for _, image := range a.Images {
		r.Images = append(r.Images, &datelinev1.Image{
			Url: image.URL, Alt: image.Alt, Caption: image.Caption, Credit: image.Credit, Lead: image.Lead,
		})
	}
	for _, block := range a.Body {
		r.Body = append(r.Body, toBlock(block))
	}
	for field, p := range a.Provenance {
		r.Provenance[field] = &datelinev1.Provenance{Source: sources[p.Source], Confidence: p.Confidence}
	}
	return r
}

// identity returns the id, the canonical form and the host of an article's URL. A
// saved file may have an address that is not a web URL: its id is then a hash of
// that address, and its host is empty.
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

// articlesSubject returns the subject on which a record is published. Records of
// saved files, which have no host, share the host token "file".
func articlesSubject(r *datelinev1.Article) string {
	host := "file"
	if url, err := weburl.Parse(r.GetCanonicalUrl()); err == nil {
		host = url.SubjectHost()
	}
	return subject.Articles(r.GetLanguage(), host)
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
