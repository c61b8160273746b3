package httphead

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
)

func TestKeptHeadersAreSorted(t *testing.T) {
	if !slices.IsSorted(keptHeaders) {
		t.Error("keptHeaders is not sorted, as binary search requires")
	}
}

// TestKeep checks which headers and values a page keeps: those that a later stage uses, within bounds and
// without passwords.
func TestKeep(t *testing.T) {
	longest := strings.Repeat("x", maxHeaderValue)
	many := strings.Split(strings.Repeat("a ", maxHeaderValues+1), " ")
	for name, test := range map[string]struct{ received, want http.Header }{
		"of no use":       {http.Header{"Set-Cookie": {"id=1"}, "Etag": {"tag"}}, http.Header{"Etag": {"tag"}}},
		"several values":  {http.Header{"Link": {"a", "b"}}, http.Header{"Link": {"a", "b"}}},
		"the longest":     {http.Header{"Etag": {longest}}, http.Header{"Etag": {longest}}},
		"too long":        {http.Header{"Etag": {longest + "x"}}, http.Header{}},
		"one too long":    {http.Header{"Link": {longest + "x", "b"}}, http.Header{"Link": {"b"}}},
		"as many as kept": {http.Header{"Link": many[:maxHeaderValues]}, http.Header{"Link": many[:maxHeaderValues]}},
		"too many":        {http.Header{"Link": many}, http.Header{"Link": many[:maxHeaderValues]}},
		"with credentials": {
			http.Header{"Location": {"https://a:b@c.example/"}}, http.Header{"Location": {"https://c.example/"}},
		},
	} {
		got := Keep(test.received)
		if !maps.EqualFunc(got, test.want, slices.Equal) {
			t.Errorf("%s: got %.80v, want %.80v", name, got, test.want)
		}
	}
}

// TestFields checks that the headers of a page are sorted, in lower case, and can be encoded whatever bytes the
// site sends: a page that cannot be encoded would be fetched again and again.
func TestFields(t *testing.T) {
	var got []string
	for _, field := range Fields(http.Header{
		"Server": {"caf\xe9"}, "Link": {"a", "b"}, "Etag": {"\"\u00fc\""}, "Vary": {""},
	}) {
		if _, err := proto.Marshal(field); err != nil {
			t.Errorf("%s: %v", field.GetName(), err)
		}
		got = append(got, field.GetName()+"="+field.GetValue())
	}
	want := []string{"etag=\"\u00fc\"", "link=a", "link=b", "server=caf\uFFFD", "vary="}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
