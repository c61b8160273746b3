package objects

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Each refusal of a service becomes an error that names the object and what to do.
func TestRefusalsAreExplained(t *testing.T) {
	t.Parallel()
	place := Location{"news", "a/b"}
	answer := func(status int, code string) error { return minio.ErrorResponse{StatusCode: status, Code: code} }
	for _, c := range []struct {
		err    error
		what   action
		is     error
		advice string // empty means no advice
	}{
		{answer(404, minio.NoSuchKey), reading, os.ErrNotExist, ""},
		{answer(404, minio.NoSuchVersion), deleting, os.ErrNotExist, ""},
		{answer(404, minio.NoSuchBucket), listing, ErrNoBucket, "create the bucket news"},
		{answer(403, minio.AccessDenied), listing, ErrDenied, "allow s3:ListBucket for"},
		{answer(403, minio.AccessDenied), uploading, ErrDenied, "allow s3:PutObject for"},
		{answer(403, "AllAccessDisabled"), deleting, ErrDenied, "allow s3:DeleteObject for"},
		{answer(403, "AccountProblem"), lookingUp, ErrDenied, "allow s3:GetObject and"},
		{answer(403, minio.AccessDenied), breakingOff, ErrDenied, "s3:AbortMultipartUpload"},
		{answer(403, minio.AccessDenied), listingVersions, ErrDenied, "ListBucketVersions"},
		{answer(403, minio.AccessDenied), deletingVersion, ErrDenied, "DeleteObjectVersion"},
		{answer(403, "InvalidAccessKeyId"), reading, ErrDenied, "check s3.access-key"},
		{answer(403, signatureWrong), reading, ErrDenied, "check s3.access-key"},
		{answer(400, "PermanentRedirect"), reading, nil, "check s3.region"},
		{answer(400, "BadDigest"), uploading, nil, "check the network and proxies"},
		{answer(500, "InternalError"), reading, nil, ""},
		{errors.New("connection reset"), reading, nil, "check s3.endpoint and the network"},
	} {
		err := (&Client{endpoint: "http://s3.example"}).explain(fmt.Errorf("wrapped: %w", c.err), c.what, place)
		problem, advised := errors.AsType[*Error](err)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || advised != (c.advice != "") ||
			advised && !strings.Contains(problem.Advice, c.advice) ||
			!strings.HasPrefix(err.Error(), string(c.what)+" s3://news/a/b: ") {
			t.Errorf("%v while %s: got %v, want the advice %q", c.err, c.what, err, c.advice)
		}
		for _, other := range []error{os.ErrNotExist, ErrDenied, ErrNoBucket} {
			if errors.Is(err, other) != errors.Is(c.is, other) {
				t.Errorf("%v while %s: got %v, want %v", c.err, c.what, err, c.is)
			}
		}
	}
	if err := (&Client{}).explain(nil, reading, place); err != nil {
		t.Errorf("success is explained as %v", err)
	}
}

// The keys come from the configuration, or else from the file that it names, or else from the environment.
func TestWhereKeysComeFrom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	text := "[default]\naws_access_key_id = of-file\naws_secret_access_key = secret-of-file\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "of-environment")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret-of-environment")
	for want, config := range map[string]Config{
		"of-config":      {AccessKey: "of-config", SecretKey: "secret-of-config"},
		"of-file":        {Credentials: file},
		"of-environment": {},
	} {
		got, err := config.keys(nil).GetWithContext(&credentials.CredContext{})
		if err != nil || got.AccessKeyID != want || got.SecretAccessKey != "secret-"+want {
			t.Errorf("got %+v, %v; want the key %s", got, err, want)
		}
	}
}

// A client is refused if its endpoint or the certificates of its authorities are unusable.
func TestNewRefusesUnusableSettings(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"s3.endpoint":     func(c *Config) { c.Endpoint = "ftp://s3.example" },
		"reading s3.ca":   func(c *Config) { c.CA = empty + ".absent" },
		"no certificates": func(c *Config) { c.CA = empty },
	} {
		config := DefaultConfig()
		change(&config)
		if client, err := New(config); err == nil || client != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v; want an error with %q", client, err, want)
		}
	}
	for endpoint, want := range map[string]bool{
		"https://s3.example": true, "http://s3.example:9000/": true, "https://": false, "ftp://s3.example": false,
		"https://user:password@s3.example": false, "https://s3.example/bucket": false, "https://s3 example": false,
	} {
		config := DefaultConfig()
		config.Endpoint = endpoint
		if err := config.Validate(); (err == nil) != want || err != nil && strings.Contains(err.Error(), "password@") {
			t.Errorf("the endpoint %s: %v, want it accepted %v", endpoint, err, want)
		}
	}
	pair := DefaultConfig()
	pair.AccessKey, pair.SecretKey = "key", "secret"
	if err := pair.Validate(); err != nil {
		t.Error(err)
	}
	pair.AccessKey = ""
	if err := pair.Validate(); err == nil {
		t.Error("a secret key without an access key is accepted")
	}
}
