package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// role is what the sender of a request may do.
type role int

const (
	nobody role = iota
	reader
	operator
)

type roleKey struct{}

func roleOf(ctx context.Context) role {
	r, _ := ctx.Value(roleKey{}).(role)
	return r
}

// cookieName is the name of the cookie that holds a browser's token.
const cookieName = "dateline_token"

// guard authorizes requests by their token: a bearer token (RFC 6750), the
// password of basic authentication (RFC 7617, for feed readers), or the cookie
// that the login page sets.
type guard struct{ config Config }

func (g guard) role(r *http.Request) role {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		if _, password, ok := r.BasicAuth(); ok {
			token = password
		} else if cookie, err := r.Cookie(cookieName); err == nil {
			token = cookie.Value
		}
	}
	return g.roleOfToken(token)
}

func (g guard) roleOfToken(token string) role {
	// Both comparisons always take place, so that the time does not tell which of them
	// succeeded.
	operates, reads := equal(token, g.config.OperateToken), equal(token, g.config.ReadToken)
	switch {
	case operates:
		return operator
	case reads || g.config.ReadToken == "":
		return reader
	}
	return nobody
}

// equal compares tokens in constant time. Their digests have the same length, whatever
// the lengths of the tokens. An empty token equals nothing.
func equal(given, token string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(token))
	same := subtle.ConstantTimeCompare(a[:], b[:]) == 1
	return same && token != ""
}

func (g guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sender := g.role(r)
		verdict := g.judge(r, sender)
		switch {
		case verdict.login:
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		case verdict.status == http.StatusUnauthorized:
			w.Header().Set("WWW-Authenticate", `Bearer realm="dateline"`)
			fallthrough
		case verdict.status != 0:
			refuse(w, r, verdict.status, verdict.detail)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), roleKey{}, sender)))
	})
}

// verdict is the decision on a request. The zero value admits it.
type verdict struct {
	login  bool // redirect to the login page
	status int  // refuse with this status
	detail string
}

// judge decides whether a sender with the given role may make a request.
func (g guard) judge(r *http.Request, sender role) verdict {
	if g.config.ReadToken == "" && !isLocalName(r.Host) {
		// A foreign page may have its host name resolve to this address (DNS
		// rebinding).
		return verdict{status: http.StatusMisdirectedRequest,
			detail: "without http.read-token this server only accepts requests to localhost or an IP address"}
	}
	path := r.URL.Path
	if strings.HasPrefix(path, "/static/") || path == "/login" || path == "/logout" {
		return verdict{}
	}
	changes := r.Method != http.MethodGet && r.Method != http.MethodHead
	switch {
	case sender == nobody && !strings.HasPrefix(path, "/api/") && !changes:
		return verdict{login: true}
	case sender == nobody:
		return verdict{status: http.StatusUnauthorized, detail: "a token is required: send Authorization: Bearer TOKEN"}
	case changes && g.config.OperateToken == "":
		return verdict{status: http.StatusForbidden,
			detail: "changes over HTTP are disabled: set http.operate-token to enable them"}
	case changes && sender != operator:
		return verdict{status: http.StatusForbidden, detail: "the operate token is required"}
	}
	return verdict{}
}

// isLocalName reports whether the Host header is localhost or an IP address.
func isLocalName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil
}

// refuse sends an error: as a problem (RFC 9457) to clients of the API, and as
// plain text to others.
func refuse(w http.ResponseWriter, r *http.Request, status int, detail string) {
	if r.ContentLength != 0 {
		// Otherwise, the server would wait for the rest of the body before it responds.
		w.Header().Set("Connection", "close")
	}
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, detail, status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"title": http.StatusText(status), "status": status, "detail": detail,
	})
}
