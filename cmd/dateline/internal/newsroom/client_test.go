package newsroom

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs the newsroom and returns a client that does not follow redirects.
func start(t *testing.T) (*Newsroom, *http.Client) {
	t.Helper()
	n, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return n, &http.Client{Transport: transport, CheckRedirect: stay}
}

// reply is a response and its body, which has been read and closed.
type reply struct {
	*http.Response
	body []byte
}

func get(t *testing.T, client *http.Client, url string) (reply, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return reply{res, body}, err
}

// page contains the parts of an HTML page that the tests examine.
type page struct {
	text      string // all visible text, with white space collapsed
	title     string
	canonical string
	lang, dir string
	ldJSON    string
}

func parse(t *testing.T, res reply) page {
	t.Helper()
	decoded, err := charset.NewReader(bytes.NewReader(res.body), res.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(decoded)
	if err != nil {
		t.Fatal(err)
	}
	var p page
	var text strings.Builder
	for node := range root.Descendants() {
		attr := func(key string) string {
			i := slices.IndexFunc(node.Attr, func(a html.Attribute) bool { return a.Key == key })
			if i < 0 {
				return ""
			}
			return node.Attr[i].Val
		}
		switch {
		case node.Type == html.TextNode && node.Parent.Data == "title":
			p.title = node.Data
		case node.Type == html.TextNode && node.Parent.Data == "script":
			if strings.Contains(node.Data, "schema.org") {
				p.ldJSON = node.Data
			}
		case node.Type == html.TextNode:
			text.WriteString(node.Data)
		case node.Data == "link" && attr("rel") == "canonical":
			p.canonical = attr("href")
		case node.Data == "html":
			p.lang, p.dir = attr("lang"), attr("dir")
		}
	}
	p.text = strings.Join(strings.Fields(text.String()), " ")
	return p
}
