package objects

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/minio/minio-go/v7"
)

// Only what a later attempt may change is attempted again.
func TestIsTransient(t *testing.T) {
	answer := func(status int, code string) error { return minio.ErrorResponse{StatusCode: status, Code: code} }
	wrapped := func(err error) error { return fmt.Errorf("reading: %w", err) }
	for _, c := range []struct {
		err            error
		want, accepted bool // accepted is the answer after the service has accepted the keys
	}{
		{wrapped(os.ErrNotExist), false, false},
		{wrapped(errChanged), false, false},
		{answer(400, "BadDigest"), true, true},
		{answer(400, "XAmzContentSHA256Mismatch"), true, true},
		{answer(400, "XAmzContentChecksumMismatch"), true, true},
		{answer(400, "RequestTimeout"), true, true},
		{answer(400, "InvalidRequest"), false, false},
		{answer(403, signatureWrong), false, true},
		{answer(403, "AccessDenied"), false, false},
		{answer(429, ""), true, true},
		{answer(499, ""), false, false},
		{answer(500, "InternalError"), true, true},
		{answer(501, "NotImplemented"), false, false},
		{answer(503, "SlowDown"), true, true},
		{wrapped(&net.DNSError{Err: "no such host"}), false, false},
		{wrapped(&tls.CertificateVerificationError{Err: errors.New("expired")}), false, false},
		{errors.New("connection reset"), true, true},
	} {
		client := &Client{}
		first := client.isTransient(c.err)
		client.accepted.Store(true)
		if accepted := client.isTransient(c.err); first != c.want || accepted != c.accepted {
			t.Errorf("%v: attempted again %v, and %v with accepted keys; want %v and %v", c.err, first, accepted,
				c.want, c.accepted)
		}
	}
}
