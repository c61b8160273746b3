package objects_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/internal/s3test"
)

// TestCheckOfAGoodBucket checks buckets with and without versions, and that nothing is left.
func TestCheckOfAGoodBucket(t *testing.T) {
	server := s3test.Start(t)
	check := func(want bool) {
		t.Helper()
		got, problems := server.Client().Check(t.Context(), at("b"))
		if got != want || len(problems) > 0 {
			t.Errorf("the bucket keeps versions: %t, problems %v", got, problems)
		}
		if versions, uploads := server.Versions(), server.Uploads(); len(versions) > 0 || len(uploads) > 0 {
			t.Errorf("the bucket has %q and the uploads %q", versions, uploads)
		}
	}
	check(false)
	server.KeepVersions()
	check(true)
}

// TestProblemsTellWhatToDo checks the errors of a bucket that cannot be used.
func TestProblemsTellWhatToDo(t *testing.T) {
	server := s3test.Start(t)
	wrong, guest, away := server.Config, server.Guest(), server.Config
	wrong.SecretKey = "another-secret-of-the-tests"
	away.Endpoint = "http://" + natstest.FreeAddr(t)
	for name, test := range map[string]struct {
		config objects.Config
		bucket string
		advice string
		is     error
	}{
		"bucket absent":      {server.Config, "absent", "create the bucket absent", objects.ErrNoBucket},
		"without permission": {guest, s3test.Bucket, "allow s3:PutObject", objects.ErrDenied},
		"wrong keys":         {wrong, s3test.Bucket, "check s3.access-key and s3.secret-key", objects.ErrDenied},
		"endpoint away":      {away, s3test.Bucket, "check s3.endpoint", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := objects.Location{Bucket: test.bucket, Key: "x"}
			_, problems := s3test.Client(t, test.config).Check(t.Context(), at)
			if len(problems) != 1 || test.is != nil && !errors.Is(problems[0], test.is) {
				t.Fatalf("got %v", problems)
			}
			checkProblem(t, problems[0], at, test.advice)
			if strings.Contains(problems[0].Error(), test.config.SecretKey) {
				t.Errorf("the error has the secret: %v", problems[0])
			}
		})
	}
}

// checkProblem checks that an error names a bucket and what to do.
func checkProblem(t *testing.T, err error, at objects.Location, advice string) {
	t.Helper()
	problem, is := errors.AsType[*objects.Error](err)
	if !is || !strings.Contains(problem.Advice, advice) || !strings.Contains(err.Error(), at.Bucket+"/"+at.Key) {
		t.Errorf("got %v; want %s with the advice %q", err, at, advice)
	}
}

// TestEachMissingPermissionIsNamed takes one permission away at a time.
func TestEachMissingPermissionIsNamed(t *testing.T) {
	server := s3test.Start(t)
	server.KeepVersions()
	all := []string{
		"s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:AbortMultipartUpload", "s3:DeleteObject",
		"s3:ListBucketVersions", "s3:DeleteObjectVersion",
	}
	guest := s3test.Client(t, server.Guest())
	check := func() []error {
		_, problems := guest.Check(t.Context(), at("b"))
		return problems
	}
	server.AllowGuest(append(all, "s3:GetBucketVersioning")...)
	if problems := check(); len(problems) > 0 {
		t.Fatalf("with all permissions: %v", problems)
	}
	for _, missing := range all {
		server.AllowGuest(slices.DeleteFunc(slices.Clone(all), func(one string) bool { return one == missing })...)
		problems := check()
		if len(problems) != 1 || !errors.Is(problems[0], objects.ErrDenied) {
			t.Errorf("without %s: got %v", missing, problems)
			continue
		}
		checkProblem(t, problems[0], at("b"), missing)
	}
}
