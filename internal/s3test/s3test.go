// Package s3test runs an S3-compatible server for tests: the gateway of Versity on a folder.
// "make bin/versitygw" builds it.
package s3test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/objects"
)

// Keys of the owner of all buckets, and of a user who may only do what AllowGuest says.
const (
	ownerKey, ownerSecret = "owner", "owner-secret-of-the-tests"
	guestKey, guestSecret = "guest", "guest-secret-of-the-tests"
)

// Bucket is the bucket that a Server has.
const Bucket = "archive"

// Server is a running server with one bucket.
type Server struct {
	// Config is that of the bucket's owner.
	Config objects.Config

	tb                 testing.TB
	program, addr, dir string
	admin              *minio.Client
	process            *exec.Cmd
}

// Start runs a server until the test ends.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, program: program(tb), addr: natstest.FreeAddr(tb), dir: tb.TempDir()}
	s.Config = objects.DefaultConfig()
	s.Config.Endpoint, s.Config.PathStyle = "http://"+s.addr, true
	s.Config.AccessKey, s.Config.SecretKey = ownerKey, ownerSecret
	transport := &http.Transport{DisableKeepAlives: true}
	var err error
	s.admin, err = minio.New(s.addr, &minio.Options{
		Creds: credentials.NewStaticV4(ownerKey, ownerSecret, ""), Transport: transport, Region: s.Config.Region,
		BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.Resume()
	tb.Cleanup(s.Stop)
	s.MakeBucket()
	s.run("admin", "--allow-insecure", "-a", ownerKey, "-s", ownerSecret, "-er", s.Config.Endpoint, "create-user",
		"-a", guestKey, "-s", guestSecret, "-r", "user")
	return s
}

// program returns the path of the gateway.
func program(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			path := filepath.Join(dir, "bin", "versitygw")
			if _, err := os.Stat(path); err != nil {
				tb.Fatalf("the tests need the S3 server %s: run \"make bin/versitygw\"", path)
			}
			return path
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("the root of the repository was not found")
		}
		dir = parent
	}
}

// Resume starts the server again after Stop, with the same objects.
func (s *Server) Resume() {
	s.tb.Helper()
	iam, data, versions := filepath.Join(s.dir, "users"), filepath.Join(s.dir, "data"), filepath.Join(s.dir, "versions")
	for _, dir := range []string{iam, data, versions} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			s.tb.Fatal(err)
		}
	}
	s.process = exec.CommandContext(context.WithoutCancel(s.tb.Context()), s.program, "--port", s.addr, "--quiet",
		"--access", ownerKey, "--secret", ownerSecret, "--iam-dir", iam, "--keep-alive",
		"posix", "--versioning-dir", versions, data)
	s.process.Env = []string{"HOME=" + s.dir, "PATH=" + os.Getenv("PATH")}
	s.process.Stderr = os.Stderr
	if err := s.process.Start(); err != nil {
		s.tb.Fatal(err)
	}
	natstest.Eventually(s.tb, "the S3 server answers", func() bool {
		ctx, cancel := context.WithTimeout(s.tb.Context(), time.Second)
		defer cancel()
		_, err := s.admin.ListBuckets(ctx)
		return err == nil
	})
}

// Stop stops the server, in the middle of what it does.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill() // it may have ended
	_ = s.process.Wait()
	s.process = nil
}

func (s *Server) run(arguments ...string) {
	s.tb.Helper()
	if out, err := exec.CommandContext(s.tb.Context(), s.program, arguments...).CombinedOutput(); err != nil {
		s.tb.Fatalf("versitygw %v: %v\n%s", arguments, err, out)
	}
}

// Guest returns the configuration of a user who may do nothing, or what AllowGuest has allowed.
func (s *Server) Guest() objects.Config {
	guest := s.Config
	guest.AccessKey, guest.SecretKey = guestKey, guestSecret
	return guest
}

// AllowGuest gives the guest exactly these permissions, such as s3:GetObject.
func (s *Server) AllowGuest(actions ...string) {
	s.tb.Helper()
	policy, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"AWS": []string{guestKey}}, "Action": actions,
			"Resource": []string{"arn:aws:s3:::" + Bucket, "arn:aws:s3:::" + Bucket + "/*"},
		}},
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := s.admin.SetBucketPolicy(s.tb.Context(), Bucket, string(policy)); err != nil {
		s.tb.Fatal(err)
	}
}

// Client returns a client of the bucket's owner.
func (s *Server) Client() *objects.Client { return Client(s.tb, s.Config) }

// Client returns a client that is closed when the test ends.
func Client(tb testing.TB, config objects.Config) *objects.Client {
	tb.Helper()
	client, err := objects.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

// KeepVersions makes the bucket keep old versions of objects.
func (s *Server) KeepVersions() {
	s.tb.Helper()
	if err := s.admin.EnableVersioning(s.tb.Context(), Bucket); err != nil {
		s.tb.Fatal(err)
	}
}

// RemoveBucket deletes the bucket with its objects, which must have no old versions.
func (s *Server) RemoveBucket() {
	s.tb.Helper()
	for _, key := range s.Keys() {
		if err := s.admin.RemoveObject(s.tb.Context(), Bucket, key, minio.RemoveObjectOptions{}); err != nil {
			s.tb.Fatal(err)
		}
	}
	if err := s.admin.RemoveBucket(s.tb.Context(), Bucket); err != nil {
		s.tb.Fatal(err)
	}
}

// MakeBucket creates the bucket.
func (s *Server) MakeBucket() {
	s.tb.Helper()
	if err := s.admin.MakeBucket(s.tb.Context(), Bucket, minio.MakeBucketOptions{}); err != nil {
		s.tb.Fatal(err)
	}
}

// Holds reports whether a file of the server contains some text, in any version.
func (s *Server) Holds(text string) bool {
	s.tb.Helper()
	found := false
	err := filepath.WalkDir(s.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		found = found || bytes.Contains(data, []byte(text))
		return err
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	return found
}

// Keys returns the keys of the objects in the bucket.
func (s *Server) Keys() (keys []string) {
	s.tb.Helper()
	for info := range s.admin.ListObjectsIter(s.tb.Context(), Bucket, minio.ListObjectsOptions{Recursive: true}) {
		if info.Err != nil {
			s.tb.Fatal(info.Err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

// Versions returns the keys of all versions in the bucket, also of marks of deleted objects.
func (s *Server) Versions() (keys []string) {
	s.tb.Helper()
	for info := range s.admin.ListObjectsIter(s.tb.Context(), Bucket, minio.ListObjectsOptions{
		Recursive: true, WithVersions: true,
	}) {
		if info.Err != nil {
			s.tb.Fatal(info.Err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

// Abandon begins an upload of an object in parts, and leaves it.
func (s *Server) Abandon(key string) {
	s.tb.Helper()
	core := minio.Core{Client: s.admin}
	if _, err := core.NewMultipartUpload(s.tb.Context(), Bucket, key, minio.PutObjectOptions{}); err != nil {
		s.tb.Fatal(err)
	}
}

// Uploads returns the keys of uploads that are not complete.
func (s *Server) Uploads() (keys []string) {
	s.tb.Helper()
	for info := range s.admin.ListIncompleteUploads(s.tb.Context(), Bucket, "", true) {
		if info.Err != nil {
			s.tb.Fatal(info.Err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}
