package objects

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/minio/minio-go/v7"
)

// Errors that callers branch on.
var (
	// ErrDenied means that the keys do not allow an action.
	ErrDenied = errors.New("access denied")
	// ErrNoBucket means that the bucket does not exist.
	ErrNoBucket = errors.New("the bucket does not exist")
	errChanged  = errors.New("the object has changed while it was being read")
)

// Error is a failure with what the user can do.
type Error struct {
	// Err says what failed, with bucket and key.
	Err    error
	Advice string
}

// Error returns the failure and the advice.
func (e *Error) Error() string { return e.Err.Error() + ": " + e.Advice }

// Unwrap returns the failure.
func (e *Error) Unwrap() error { return e.Err }

// action is what is done to an object.
type action string

const (
	lookingUp       action = "looking up"
	reading         action = "reading"
	listing         action = "listing"
	uploading       action = "uploading"
	breakingOff     action = "breaking off an upload of"
	deleting        action = "deleting"
	listingVersions action = "listing the versions of"
	deletingVersion action = "deleting an old version of"
)

// permissions returns what the keys need for an action.
func (a action) permissions() string {
	switch a {
	case listing:
		return "s3:ListBucket"
	case uploading:
		return "s3:PutObject"
	case breakingOff:
		return "s3:AbortMultipartUpload"
	case deleting:
		return "s3:DeleteObject"
	case listingVersions:
		return "s3:GetBucketVersioning and s3:ListBucketVersions"
	case deletingVersion:
		return "s3:DeleteObjectVersion without a lock of objects"
	}
	return "s3:GetObject and s3:ListBucket"
}

// explain adds to an error what was to be done, and what the user can do.
func (c *Client) explain(err error, what action, at Location) error {
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return err
	}
	response := responseOf(err)
	fail := func(err error, advice string) error {
		return &Error{fmt.Errorf("%s %s: %w", what, at, err), advice}
	}
	if c.isDamage(response.Code) {
		return fail(err, "the bytes change on their way to "+c.endpoint+": check the network and proxies")
	}
	switch response.Code {
	case minio.NoSuchKey, minio.NoSuchVersion:
		return fmt.Errorf("%s %s: %w", what, at, os.ErrNotExist)
	case minio.NoSuchBucket:
		return fail(fmt.Errorf("%w at %s", ErrNoBucket, c.endpoint), "create the bucket "+at.Bucket+", or correct its name")
	case minio.AccessDenied, "AllAccessDisabled", "AccountProblem":
		return fail(fmt.Errorf("%w (%s)", ErrDenied, cmp.Or(response.Message, response.Code)),
			"allow "+what.permissions()+" for this bucket, or use other keys")
	case "InvalidAccessKeyId", signatureWrong, "InvalidTokenId", "ExpiredToken", "InvalidClientTokenId":
		return fail(fmt.Errorf("%w: the service does not accept the keys (%s)", ErrDenied, response.Code),
			"check s3.access-key and s3.secret-key")
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
		return fail(err, "check s3.region, s3.endpoint and s3.path-style")
	}
	if response.StatusCode == 0 {
		return fail(fmt.Errorf("no answer from %s: %w", c.endpoint, err), "check s3.endpoint and the network")
	}
	return fmt.Errorf("%s %s: %w", what, at, err)
}
