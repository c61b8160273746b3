package doctor

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
	"github.com/dateline-news/dateline/services/archiver/files"
)

func TestBucket(t *testing.T) {
	server := s3test.Start(t)
	examine := func(location string, config objects.Config, timeout time.Duration) string {
		t.Helper()
		archive, err := files.Open(location, "", config)
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		return findings(t, examineBucket, Target{Archive: archive, Timeout: timeout})
	}
	const news = "s3://" + s3test.Bucket + "/news"
	for _, location := range []string{"", t.TempDir()} {
		if got := examine(location, server.Config, 0); got != "" {
			t.Errorf("%q: got %s", location, got)
		}
	}
	wantLines(t, examine(news, server.Config, 0), "ok bucket: "+news+" can be written, read, listed and deleted")
	server.KeepVersions()
	wantLines(t, examine(news, server.Config, 0), "ok bucket: "+news, "deleted, also old versions")
	wantLines(t, examine("s3://absent/news", server.Config, 0), "problem bucket: uploading s3://absent/news/",
		"the bucket does not exist")
	wantLines(t, examine(news, server.Guest(), 0), "problem bucket: uploading "+news+"/", "access denied")
	server.AllowGuest("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucket", "s3:GetObject")
	wantLines(t, examine(news, server.Guest(), 0), "problem bucket: deleting "+news+"/",
		"problem bucket: listing the versions of "+news+"/")

	away, silent := server.Config, server.Config
	away.Endpoint, silent.Endpoint = "http://"+natstest.FreeAddr(t), "http://"+listenSilently(t)
	wantLines(t, examine(news, away, 0), "problem bucket: uploading "+news+"/", "no answer from "+away.Endpoint)
	wantLines(t, examine(news, silent, 300*time.Millisecond), "problem bucket: uploading "+news+"/",
		"no answer from "+silent.Endpoint)
}
