package discoverer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/internal/found"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// take takes the new articles and the endpoints of a listing.
func (made *judgement) take(
	listing *found.Listing, source sources.Source, first bool, config Config, now time.Time,
) {
	e := &made.endpoint
	e.State, e.Reason = sources.Active, ""
	known := hashesOf(e.Signature)
	listed := make([]uint64, 0, len(listing.Items))
	isFull := e.Pushed && len(known) > maxPushed // nothing is added
	if e.Pushed && !isFull {                     // a push may have only the items that have changed
		listed = slices.AppendSeq(listed, maps.Keys(known))
	}
	undated, leftOut, waiting := 0, 0, int64(0)
	room := min(maxNew, max(0, source.ArticlesIn24Hours(config.ArticlesPerDay)-source.Taken.Used(now)))
	for _, item := range listing.Items {
		url, err := weburl.Parse(item.URL)
		if err != nil {
			continue
		}
		hash := hashOf(url)
		isNew := !known[hash] && (!first && !e.Pushed || !tooOld(item, e.Purpose, config, now))
		if isNew && first && publishedAt(item).IsZero() {
			undated++
			isNew = undated <= maxUndated
		}
		takes := isNew && source.Policy.Takes(url, item.Language)
		if takes && len(made.fresh) >= room {
			waiting++ // it stays unknown, so that a later reading takes it
			continue
		}
		if !e.Pushed || !known[hash] {
			listed = append(listed, hash)
		}
		switch {
		case takes:
			known[hash] = true
			made.fresh = append(made.fresh, newArticle{url, item})
		case isNew:
			known[hash] = true
			leftOut++
		}
	}
	if !e.Pushed {
		e.Waiting = 0
	}
	e.Waiting += waiting
	if signature := signatureOf(listed); !isFull && !bytes.Equal(signature, e.Signature) {
		e.Signature, made.signature = signature, signature
	}
	made.named = namedEndpoints(listing, source, *e, config, now)
	e.Articles += int64(len(made.fresh))
	detail := fmt.Sprintf("%d of %d articles are new", len(made.fresh), len(listing.Items))
	if leftOut > 0 {
		detail += fmt.Sprintf("; %d are left out by the policy", leftOut)
	}
	if waiting > 0 {
		detail += fmt.Sprintf("; %d wait for the daily maximum or a later reading", waiting)
	}
	made.leftOut = leftOut + int(waiting)
	if len(made.named) > 0 {
		detail += fmt.Sprintf("; %d endpoints are named", len(made.named))
	}
	if len(listing.Warnings) > 0 {
		detail += "; " + strings.Join(listing.Warnings, "; ")
	}
	if len(made.fresh) == 0 {
		made.end(datelinev1.Verdict_VERDICT_UNCHANGED, outcome.NoNewItems, detail)
		return
	}
	e.NewTime = now
	if !e.Pushed {
		e.NewPoll, e.NewDetail = e.Poll, detail
	}
	made.end(datelinev1.Verdict_VERDICT_PRODUCED, "", detail)
}

// tooOld reports whether an article is left out when its endpoint is read for the first
// time. Sitemaps without dates list whole archives.
func tooOld(item found.Item, purpose datelinev1.Purpose, config Config, now time.Time) bool {
	at := publishedAt(item)
	if at.IsZero() {
		return purpose == datelinev1.Purpose_PURPOSE_SITEMAP
	}
	return now.Sub(at) > config.MaxAge
}

func publishedAt(item found.Item) time.Time {
	if item.Published.IsZero() {
		return item.Modified
	}
	return item.Published
}

// namedEndpoints returns the endpoints that a listing names, as candidates. Pages other
// than the home page and robots.txt name too many to try.
func namedEndpoints(
	listing *found.Listing, source sources.Source, e sources.Endpoint, config Config, now time.Time,
) []sources.Endpoint {
	var named []sources.Endpoint
	add := func(address string, purpose datelinev1.Purpose, hint string) {
		if url, err := weburl.Parse(address); err == nil && url.String() != e.URL {
			named = append(named, sources.NewEndpoint(source.ID, url, purpose, hint))
		}
	}
	limit := 0
	switch {
	case e.Hint == sources.HintHome:
		limit = maxHome
	case e.Purpose == datelinev1.Purpose_PURPOSE_ROBOTS:
		limit = maxRobots
	}
	for _, c := range listing.Endpoints {
		if len(named) < limit {
			add(c.URL, purposeOf(c.Kind), c.Hint)
		}
	}
	for _, child := range listing.Children {
		if len(named) < maxChildren && (child.LastMod.IsZero() || now.Sub(child.LastMod) <= config.MaxAge) {
			add(child.URL, datelinev1.Purpose_PURPOSE_SITEMAP, sources.HintIndex)
		}
	}
	return named
}

// requests returns the requests for the new articles. Their ids are the same if the
// response is read again.
func (made *judgement) requests(source sources.Source, page *datelinev1.Page) []*datelinev1.FetchRequest {
	e := made.endpoint
	all := make([]*datelinev1.FetchRequest, 0, len(made.fresh))
	for _, a := range made.fresh {
		all = append(all, &datelinev1.FetchRequest{
			Url: a.url.String(), RequestId: foundID(page.GetRequest().GetRequestId(), a.item.Position+1),
			Priority: datelinev1.Priority_PRIORITY_FRESH, Labels: source.Labels, RequestTime: page.GetFetchTime(),
			Listed: listedOf(a.item),
			Origin: &datelinev1.Origin{
				Source: source.URL, EndpointUrl: e.URL, EndpointPurpose: e.Purpose,
				RequestId: page.GetRequest().GetRequestId(), Position: int32(a.item.Position + 1),
				FindTime: page.GetFetchTime(),
			},
		})
	}
	return all
}

// foundID returns the id of the request for an article by that of the poll or push that listed it.
func foundID(request string, position int) string {
	_, rest, _ := strings.Cut(request, ".")
	return fmt.Sprintf("found.%s.%d", rest, position)
}

// listedOf returns what a listing states about an article.
func listedOf(item found.Item) *datelinev1.ListedItem {
	listed := &datelinev1.ListedItem{
		Title: item.Title, Summary: item.Summary, Section: item.Section, Language: item.Language,
		ImageUrl: item.Image, Authors: item.Authors, Keywords: item.Keywords,
	}
	if !item.Published.IsZero() {
		listed.PublishedTime = timestamppb.New(item.Published)
	}
	if !item.Modified.IsZero() {
		listed.ModifiedTime = timestamppb.New(item.Modified)
	}
	return listed
}

// hashOf returns the hash of a URL in a signature.
func hashOf(url weburl.URL) uint64 { return sources.Hash(url.ID()) }

// signatureOf returns the signature of an endpoint that lists URLs with hashes, which it
// sorts: the order of a listing does not matter. It is not empty.
func signatureOf(hashes []uint64) []byte {
	slices.Sort(hashes)
	signature := append(make([]byte, 0, hashSize*len(hashes)+1), 1)
	for _, hash := range hashes {
		signature = binary.LittleEndian.AppendUint64(signature, hash)
	}
	return signature
}

// hashesOf returns the hashes in a signature.
func hashesOf(signature []byte) map[uint64]bool {
	known := make(map[uint64]bool, len(signature)/hashSize)
	if len(signature) == 0 {
		return known
	}
	for hash := range slices.Chunk(signature[1:], hashSize) {
		if len(hash) == hashSize {
			known[binary.LittleEndian.Uint64(hash)] = true
		}
	}
	return known
}
