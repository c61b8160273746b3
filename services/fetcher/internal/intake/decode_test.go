package intake

import (
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/ledger"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func encoded(t *testing.T, r *datelinev1.FetchRequest) string {
	t.Helper()
	data, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func urlOf(length int) string { return "https://example.com/" + strings.Repeat("a", length-20) }

func TestDecodeGuessesTheEncoding(t *testing.T) {
	const urlA, urlB = "https://example.com/a", "https://example.com/b"
	onlyA := []string{urlA}
	for name, test := range map[string]struct {
		data string
		want []string
	}{
		"bare URL":         {"https://example.com/a", onlyA},
		"with white space": {" https://example.com/a \r\n", onlyA},
		"several lines": {
			"https://example.com/a\r\n\n# a comment\nhttps://example.com/b", []string{urlA, urlB},
		},
		"byte order mark":             {"\ufeffhttps://example.com/a\nhttps://example.com/b", []string{urlA, urlB}},
		"JSON with a byte order mark": {"\ufeff{\"url\": \"https://example.com/a\"}", onlyA},
		"empty line first":            {"\nhttps://example.com/a\n", onlyA},
		"JSON":                        {`{"url": "https://example.com/a", "requestId": "1"}`, onlyA},
		"JSON on a new line":          {"\n  {\"url\": \"https://example.com/a\"}\n", onlyA},
		"protobuf":                    {encoded(t, &datelinev1.FetchRequest{Url: urlA}), onlyA},
		"protobuf and a brace":        {encoded(t, &datelinev1.FetchRequest{Url: urlOf('{')}), []string{urlOf('{')}},
		"protobuf, long":              {encoded(t, &datelinev1.FetchRequest{Url: urlOf(300)}), []string{urlOf(300)}},
		"protobuf, id first":          {"\x12\x011" + encoded(t, &datelinev1.FetchRequest{Url: urlA}), onlyA},
		// The line feed could be a protobuf tag, and the h a length that fits.
		"text like protobuf": {"\n" + urlOf('h'+1), []string{urlOf('h' + 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(nil, []byte(test.data))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(test.want) {
				t.Fatalf("%d requests, want %d", len(got), len(test.want))
			}
			for i, r := range got {
				if r.GetUrl() != test.want[i] {
					t.Errorf("URL %q, want %q", r.GetUrl(), test.want[i])
				}
			}
		})
	}
}

func TestDecodeByContentType(t *testing.T) {
	request := &datelinev1.FetchRequest{Url: "https://example.com/a"}
	for kind, data := range map[string]string{
		"application/protobuf": encoded(t, request), "application/x-protobuf": encoded(t, request),
		"application/json; charset=utf-8": `{"url": "https://example.com/a"}`,
		"TEXT/PLAIN":                      "https://example.com/a",
		"text/uri-list":                   "#x\r\nhttps://example.com/a\r\n",
	} {
		got, err := decode(nats.Header{"Content-Type": {kind}}, []byte(data))
		if err != nil || len(got) != 1 || got[0].GetUrl() != request.Url {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	labels := map[string]string{}
	for i := range ledger.MaxLabels + 1 {
		labels[strings.Repeat("x", i+1)] = ""
	}
	for name, test := range map[string]struct{ kind, data, want string }{
		"empty":              {"", "", "send a URL"},
		"white space":        {"", " \n\t", "send a URL"},
		"binary":             {"", "\x89PNG\r\n\x1a\n\x00", "neither text nor a FetchRequest"},
		"zero bytes":         {"", "\x00\x00\x00", "not a protobuf FetchRequest"},
		"Latin-1":            {"", "https://example.com/caf\xe9", "neither text"},
		"Latin-1 as text":    {"text/plain", "https://example.com/caf\xe9", "percent-encode"},
		"comments only":      {"", "# nothing\n#", "no URL"},
		"broken JSON":        {"", `{"url": `, `{"url": "https://example.com/a"}`},
		"unknown JSON field": {"", `{"uri": "https://example.com/a"}`, "uri"},
		"JSON without url":   {"", `{}`, "has no url"},
		"unknown type":       {"application/xml", "<url/>", "application/xml"},
		"text as protobuf":   {"application/protobuf", "https://example.com/a", "send the URL as text"},
		"id with a space":    {"", `{"url": "https://example.com/a", "requestId": "a b"}`, "request_id"},
		"id too long": {
			"", `{"url": "https://example.com/a", "requestId": "` + strings.Repeat("a", maxID+1) + `"}`, "request_id",
		},
		"too many labels": {
			"application/protobuf", encoded(t, &datelinev1.FetchRequest{Url: "https://example.com/", Labels: labels}),
			"labels",
		},
		"label too long": {
			"", `{"url": "https://a.example/", "labels": {"a": "` + strings.Repeat("a", ledger.MaxLabelBytes+1) + `"}}`,
			"shorten",
		},
		"too large": {
			"", `{"url": "https://a.example/", "listed": {"summary": "` + strings.Repeat("a", maxRequest) + `"}}`,
			"at most 524288",
		},
		"too many lines": {"", strings.Repeat("https://example.com/a\n", maxLines+1), "several messages"},
	} {
		t.Run(name, func(t *testing.T) {
			header := nats.Header{}
			if test.kind != "" {
				header.Set("Content-Type", test.kind)
			}
			got, err := decode(header, []byte(test.data))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v and the error %v, want an error with %q", got, err, test.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/a", "\n\x15https://example.com/a", `{"url": "https://example.com/a"}`, "a\nb", "\x12\x011",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		requests, err := decode(nil, data)
		if (err == nil) != (len(requests) > 0) {
			t.Fatalf("got %d requests and the error %v", len(requests), err)
		}
		for _, r := range requests {
			if _, err := proto.Marshal(r); err != nil {
				t.Fatalf("the request cannot be encoded: %v", err)
			}
		}
	})
}
