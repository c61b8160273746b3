package hub

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // WebSub names it, and its collisions do not break HMAC
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"
)

// methods are the methods of signatures by their names.
var methods = map[string]func() hash.Hash{
	"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

// Verify reports whether the value of an X-Hub-Signature header is the signature of a body.
func Verify(header, secret string, body []byte) bool {
	name, digest, ok := strings.Cut(strings.TrimSpace(header), "=")
	method := methods[strings.ToLower(name)]
	if !ok || method == nil || secret == "" {
		return false
	}
	given, err := hex.DecodeString(digest)
	if err != nil {
		return false
	}
	mac := hmac.New(method, []byte(secret))
	_, _ = mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}
