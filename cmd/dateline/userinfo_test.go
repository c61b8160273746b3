package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

const sitePassword = "swordfish"

// siteWithUsers serves pages whose redirects, headers, links and declared URLs contain a
// password.
func siteWithUsers(t *testing.T) (host string) {
	t.Helper()
	var with string // the site's URL with a user
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, with+"/story", http.StatusFound)
		case "/lost":
			http.Redirect(w, r, "http://user:"+sitePassword+"@[broken/", http.StatusFound)
		case "/circle":
			http.Redirect(w, r, with+"/circle?"+r.URL.RawQuery+"x", http.StatusFound)
		case "/story":
			w.Header().Set("Link", "<"+with+"/story>; rel=canonical")
			w.Header().Set("Content-Location", with+"/story")
			links := fmt.Sprintf(`<link rel=canonical href="%[1]s/story"><meta property="og:url" content="%[1]s/story">`+
				`<meta property="og:image" content="%[1]s/a.jpg">`+
				`<script type="application/ld+json">{"@type":"NewsArticle","url":"%[1]s/story","image":"%[1]s/b.jpg",`+
				`"author":{"@type":"Person","name":"Ada Vance","url":"%[1]s/ada"}}</script><article>`+
				`<p>The <a href="%[1]s/more">harbour wall</a> was repaired in three weeks, said the harbour master.</p>`+
				`<img src="%[1]s/c.jpg" width=600 height=400>`, with)
			fmt.Fprint(w, strings.Replace(harbourPage("A"), "<article>", links, 1))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	host = strings.TrimPrefix(server.URL, "http://")
	with = "http://user:" + sitePassword + "@" + host
	return host
}

// TestPasswordsInURLsAreNeitherStoredNorLogged ingests URLs with user information, and
// searches the data folder and everything that is printed.
func TestPasswordsInURLsAreNeitherStoredNorLogged(t *testing.T) {
	t.Parallel()
	host, dir := siteWithUsers(t), t.TempDir()
	with := "http://user:" + sitePassword + "@" + host
	list := urlFile(t, []string{
		with + "/story", "HTTP:\\\\" + sitePassword + "@" + host + "/missing",
		"ftp://user:" + sitePassword + "@" + host + "/",
	})
	args := slices.Concat([]string{
		"ingest", "--data", dir, "--admin-log-level=debug", with + "/moved", with + "/lost", with + "/circle",
		"http://user:" + sitePassword + "@[bad/", "http://user:" + sitePassword + "@" + host + ":1x/", list,
	}, loopback)
	lines := map[string][]string{
		"ingest": args, "ingest again": append(args, "--json", "--force"),
		"extract": slices.Concat([]string{"extract", with + "/missing", "--data", dir}, loopback),
		"explain": {"explain", with + "/lost", "--data", dir}, "show": {"show", with + "/none", "--data", dir},
		"search": {"search", "harbour", "--json", "--data", dir}, "dead": {"dead", "list", "--json", "--data", dir},
		"nats":  {"dead", "list", "--nats", "nats://user:" + sitePassword + "@127.0.0.1:1"},
		"store": {"search", "x", "--store", "postgres://user:" + sitePassword + "@[bad/"},
	}
	for _, name := range []string{
		"ingest", "ingest again", "extract", "explain", "show", "search", "dead", "nats", "store",
	} {
		_, out, errs := dateline(t, lines[name]...)
		if i := strings.Index(out+errs, sitePassword); i >= 0 {
			t.Errorf("%s prints the password: …%.200s", name, (out + errs)[max(0, i-100):])
		}
		if name == "search" && !strings.Contains(out, "Harbour reopens") {
			t.Errorf("the article is not stored: %s%s", out, errs)
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if i := bytes.Index(data, []byte(sitePassword)); i >= 0 {
			t.Errorf("%s contains the password: %q", path, data[max(0, i-200):i+20])
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestPasswordsOfOtherPublishersAreNotKept publishes messages directly, in each encoding.
func TestPasswordsOfOtherPublishersAreNotKept(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t.TempDir())
	allowLoopback(&cfg)
	var log bytes.Buffer
	p := runPipeline(t, cfg, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	url := "http://user:" + sitePassword + "@[bad/"
	messages := map[string][]byte{
		"text": []byte(url), "JSON": []byte(`{"url": "` + url + `"}`), "broken JSON": []byte(`{"url": "` + url + ``),
		"protobuf": append([]byte{0x0a, byte(len(url))}, url...), "broken protobuf": append([]byte{0x01, 0x02, 99}, url...),
	}
	for _, data := range messages {
		if _, err := p.Bus.JS.PublishMsg(t.Context(), &nats.Msg{Subject: subject.URLs, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	natstest.Eventually(t, "a dead letter for each message", func() bool {
		return streamState(t, p.Bus, subject.StreamDead).Msgs == uint64(len(messages))
	})
	letters, err := deadletter.Open(t.Context(), p.Bus.JS)
	if err != nil {
		t.Fatal(err)
	}
	for letter, err := range letters.All(t.Context(), deadletter.Filter{}) {
		if err != nil || strings.Contains(letter.String(), sitePassword) {
			t.Errorf("%v, %v", letter, err)
		}
	}
	p.stop()
	if strings.Contains(log.String(), sitePassword) {
		t.Errorf("the log contains the password: %s", log.String())
	}
}
