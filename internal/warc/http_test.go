package warc_test

import (
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/warc"
)

func TestParseResponse(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
	for name, test := range map[string]struct {
		block, body string
		status      int
		truncated   bool
		failure     string
	}{
		"whole":     {block: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", body: "body", status: 200},
		"no reason": {block: "HTTP/2 404\nX: y\n\nbody", body: "body", status: 404},
		"no header": {block: "HTTP/1.0 200\r\n\r\nbody", body: "body", status: 200},
		"short": {
			block: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", body: "body", status: 200, truncated: true,
		},
		"decoded":        {block: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nbody", body: "body", status: 200},
		"odd length":     {block: "HTTP/1.1 200 OK\r\nContent-Length: -9\r\n\r\nbody", body: "body", status: 200},
		"odd status":     {block: "HTTP/1.1 fine\r\n\r\nbody", body: "body"},
		"chunks":         {block: chunked + "3;x=y\r\nbod\r\n1\r\ny\r\n0\r\n\r\n", body: "body", status: 200},
		"chunks with LF": {block: chunked + "4\nbody\n0\n\n", body: "body", status: 200},
		"joined chunks":  {block: chunked + "<p>body", body: "<p>body", status: 200},
		"cut chunk":      {block: chunked + "9\r\nbody", body: "body", status: 200, truncated: true},
		"no last chunk":  {block: chunked + "4\r\nbody\r\n", body: "body", status: 200, truncated: true},
		"wrong chunk":    {block: chunked + "4\r\nbody\r\nrest", body: "body", status: 200, truncated: true},
		"huge chunk":     {block: chunked + "7fffffffffffffff\r\nbody", body: "body", status: 200, truncated: true},
		"no chunk":       {block: chunked + "0\r\n\r\n", body: "", status: 200},
		"request":        {block: "GET / HTTP/1.1\r\n\r\n", failure: "not an HTTP response"},
		"cut header":     {block: "HTTP/1.1 200 OK\r\nX: y\r\n", failure: "does not end"},
		"large header":   {block: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 20_000) + "\r\n", failure: "too large"},
		"empty":          {block: "", failure: "not an HTTP response"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := warc.ParseResponse([]byte(test.block))
			if test.failure != "" {
				if err == nil || !strings.Contains(err.Error(), test.failure) {
					t.Errorf("error %v, want %q", err, test.failure)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(r.Body) != test.body || r.Status != test.status || r.Truncated != test.truncated {
				t.Errorf("status %d, truncated %t, body %q", r.Status, r.Truncated, r.Body)
			}
			if !strings.HasPrefix(test.block, string(r.Head)) || !strings.HasSuffix(string(r.Head), "\n") {
				t.Errorf("head %q", r.Head)
			}
		})
	}
}
