package archiver

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/archiver/captures"
	"github.com/dateline-news/dateline/services/archiver/warcfile"
)

// unit is what the archive keeps of a page: the requests and responses of its redirects and
// of the page, and at the end a metadata record with the page's id. A file whose last unit
// has no metadata record was not written to its end.
type unit struct {
	records []warcfile.Record
	// captures belong to the responses among the records. Their offsets are not known
	// yet.
	captures []captures.Capture
}

// newUnit returns the unit of a page with an exchange. info is the id of the warcinfo
// record of the file. original is the earlier capture of the same URL with the same body,
// or nil.
func newUnit(page *datelinev1.Page, body []byte, digest, info string, original *captures.Capture) unit {
	b := &unitBuilder{page: page, info: info}
	for _, redirect := range page.GetRedirects() {
		if e := redirect.GetExchange(); e != nil {
			b.add(exchange{Exchange: e, url: redirect.GetUrl(), status: redirect.GetStatus(), body: e.GetBody(),
				digest: warcfile.Digest(e.GetBody())}, nil)
		}
	}
	switch {
	case isFailed(page):
		b.addFailure()
		b.addMetadata()
		return b.unit
	case page.GetStatus() == http.StatusNotModified:
		digest = "" // there is no payload
	}
	b.add(exchange{
		Exchange: page.GetExchange(), url: page.GetFinalUrl(), status: page.GetStatus(), body: body, digest: digest,
		packed: page.GetContentEncoding() != "",
	}, original)
	b.addMetadata()
	return b.unit
}

// exchange is a request and its response.
type exchange struct {
	*datelinev1.Exchange
	url    string
	status int32
	body   []byte
	digest string
	packed bool
}

type unitBuilder struct {
	unit
	page *datelinev1.Page
	info string
	last string // id of the last response
}

func (b *unitBuilder) id(kind string) string {
	return warcfile.ID(b.page.GetId() + "\n" + strconv.Itoa(len(b.captures)) + "\n" + kind)
}

// add adds the records of an exchange.
func (b *unitBuilder) add(e exchange, original *captures.Capture) {
	response := warcfile.Record{
		Type: warcfile.TypeResponse, ID: b.id(warcfile.TypeResponse), Date: e.time(b.page),
		Head: archivedHead(e.GetResponseHead(), len(e.body)), Payload: e.body, Packed: e.packed,
	}
	common := []warcfile.Field{
		{Name: warcfile.FieldURL, Value: e.url},
		{Name: "WARC-IP-Address", Value: ipOf(e.GetRemoteAddress())},
		{Name: "WARC-Warcinfo-ID", Value: b.info},
		{Name: "WARC-Protocol", Value: e.GetProtocol()},
		{Name: "WARC-Protocol", Value: tlsProtocol(e.GetTlsVersion())},
	}
	if head := e.GetRequestHead(); len(head) > 0 {
		b.records = append(b.records, warcfile.Record{
			Type: warcfile.TypeRequest, ID: b.id(warcfile.TypeRequest), Date: response.Date, Head: head,
			Fields: append(fields(warcfile.FieldContentType, warcfile.Request, "WARC-Concurrent-To", response.ID), common...),
		})
	}
	response.Fields = append(fields(warcfile.FieldContentType, warcfile.Response), common...)
	response.Fields = append(response.Fields,
		fields(warcfile.FieldPayloadDigest, e.digest, "WARC-Truncated", truncation(e.Exchange))...)
	response.Captured = true
	capture := captures.Capture{
		PageID: b.page.GetId(), Position: len(b.captures), URL: e.url, Time: response.Date, Status: int(e.status),
		Type: mediaType(response.Head), Digest: e.digest,
	}
	switch {
	case original != nil && e.status == http.StatusNotModified:
		response.Type = warcfile.TypeRevisit
		response.Fields = append(response.Fields, fields(warcfile.FieldProfile, warcfile.ProfileNotModified,
			warcfile.FieldOriginalURL, original.URL, warcfile.FieldOriginalDate, warcfile.Date(original.Time))...)
	case original != nil:
		capture.OriginalTime = original.Time
		response.Type, response.Payload = warcfile.TypeRevisit, nil
		response.Fields = append(response.Fields, fields(warcfile.FieldProfile, warcfile.ProfileIdentical,
			warcfile.FieldOriginalURL, original.URL, warcfile.FieldOriginalDate, warcfile.Date(original.Time))...)
	}
	b.records, b.captures, b.last = append(b.records, response), append(b.captures, capture), response.ID
}

// Names of fields in the block of a metadata record.
const (
	fieldPageID = "pageId"
	fieldLabels = "labels"
	// fieldFailure is in a record that stands for a response.
	fieldFailure = "failure"
)

// addMetadata adds what the records do not say about the page.
func (b *unitBuilder) addMetadata() {
	page, timings := b.page, b.page.GetTimings()
	outcome := "fetched"
	switch {
	case page.GetFailureReason() != "":
		outcome = page.GetFailureReason()
	case page.GetTruncated():
		outcome = "truncated"
	}
	labels := b.labels()
	b.captures[len(b.captures)-1].Labels = labels
	block := warcfile.FieldBlock(fields(
		fieldPageID, page.GetId(), "requestId", page.GetRequest().GetRequestId(), "requestedUrl", page.GetRequestedUrl(),
		"outcome", outcome, fieldLabels, labels, "fetchTimeMs", milliseconds(timings.GetTotal()),
		"dnsMs", milliseconds(timings.GetDns()), "connectMs", milliseconds(timings.GetConnect()),
		"tlsMs", milliseconds(timings.GetTls()), "firstByteMs", milliseconds(timings.GetFirstByte()),
	))
	b.records = append(b.records, warcfile.Record{
		Type: warcfile.TypeMetadata, ID: b.id(warcfile.TypeMetadata), Date: page.GetFetchTime().AsTime(), Head: block,
		Fields: fields(warcfile.FieldContentType, warcfile.Fields, warcfile.FieldURL, page.GetFinalUrl(),
			"WARC-Concurrent-To", b.last, "WARC-Warcinfo-ID", b.info),
	})
}

// addFailure adds a metadata record that stands for the response of an attempt that got none.
func (b *unitBuilder) addFailure() {
	page := b.page
	at := page.GetFetchTime().AsTime().Truncate(time.Microsecond)
	record := warcfile.Record{
		Type: warcfile.TypeMetadata, ID: b.id(warcfile.TypeMetadata), Date: at, Captured: true,
		Head: warcfile.FieldBlock(fields(fieldFailure, page.GetFailureReason(), "detail", page.GetFailureDetail())),
		Fields: fields(warcfile.FieldContentType, warcfile.Fields, warcfile.FieldURL, page.GetFinalUrl(),
			"WARC-Warcinfo-ID", b.info),
	}
	b.records, b.last = append(b.records, record), record.ID
	b.captures = append(b.captures, captures.Capture{
		PageID: page.GetId(), Position: len(b.captures), URL: page.GetFinalUrl(), Time: at,
		Type: failureType(page.GetFailureReason()),
	})
}

// failureType returns the type of an attempt without a response in the index.
func failureType(reason string) string { return "failed/" + reason }

// labels returns the labels of the request as a JSON object, or "".
func (b *unitBuilder) labels() string {
	of := b.page.GetRequest().GetLabels()
	if len(of) == 0 {
		return ""
	}
	text, _ := json.Marshal(of) // a map of texts
	return string(text)
}

// fields returns fields from names and values that alternate.
func fields(pairs ...string) []warcfile.Field {
	all := make([]warcfile.Field, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, warcfile.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

// renamed is the start of the names of header fields that do not describe the archived
// body. Other crawlers use the same.
const renamed = "X-Archive-Orig-"

// archivedHead returns the head of a response as it is archived. The body has no transfer
// coding any more. Fields that would lead readers to decode it again, or to expect another
// length, are renamed. All other bytes stay as they were received.
func archivedHead(head []byte, body int) []byte {
	out := make([]byte, 0, len(head)+2*len(renamed))
	for line := range bytes.Lines(head) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch strings.ToLower(string(bytes.TrimSpace(name))) {
		case "transfer-encoding":
			out = append(out, renamed...)
		case "content-length":
			if string(bytes.TrimSpace(value)) != strconv.Itoa(body) {
				out = append(out, renamed...)
			}
		}
		out = append(out, line...)
	}
	if _, rest := warcfile.SplitHTTP(out); rest == nil {
		out = append(out, "\r\n\r\n"...)
	}
	return out
}

// time returns when the exchange took place.
func (e exchange) time(page *datelinev1.Page) time.Time {
	at := e.GetTime()
	if !at.IsValid() {
		at = page.GetFetchTime()
	}
	return at.AsTime().Truncate(time.Microsecond)
}

// maxType is the maximum length of a media type in the index, in bytes.
const maxType = 100

// mediaType returns the media type of a response, without parameters.
func mediaType(head []byte) string {
	for line := range bytes.Lines(head) {
		name, value, found := strings.Cut(string(line), ":")
		if found && strings.EqualFold(strings.TrimSpace(name), "content-type") {
			value, _, _ = strings.Cut(value, ";")
			value = strings.ToLower(strings.TrimSpace(strings.ToValidUTF8(value, "\uFFFD")))
			return value[:min(len(value), maxType)]
		}
	}
	return ""
}

func truncation(e *datelinev1.Exchange) string {
	switch e.GetBodyTruncation() {
	case datelinev1.BodyTruncation_BODY_TRUNCATION_LENGTH:
		return "length"
	case datelinev1.BodyTruncation_BODY_TRUNCATION_DISCONNECT:
		return "disconnect"
	}
	return ""
}

func tlsProtocol(version string) string {
	if version == "" {
		return ""
	}
	return "tls/" + version
}

// ipOf returns the address without the port.
func ipOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return ""
	}
	return host
}

func milliseconds(d *durationpb.Duration) string {
	if d == nil {
		return ""
	}
	return strconv.FormatInt(d.AsDuration().Milliseconds(), 10)
}
