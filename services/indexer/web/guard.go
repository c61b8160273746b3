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

// role is what whoever asks may do.
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

// cookieName is the cookie in which a browser keeps its token.
const cookieName = "dateline_token"

// guard lets in who may, by the token of the request: a bearer token (RFC
// 6750), the password of basic authentication (RFC 7617, for feed readers), or
// the cookie that the page's login sets.
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
	switch {
	case equal(token, g.config.OperateToken):
		return operator
	case g.config.ReadToken == "" || equal(token, g.config.ReadToken):
		return reader
	}
	return nobody
}

// equal compares in a time that tells nothing of the token.
func equal(given, token string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(token))
	return token != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (g guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.config.ReadToken == "" && !isLocalName(r.Host) {
			// A page elsewhere may have its name lead here (DNS rebinding).
			refuse(w, r, http.StatusMisdirectedRequest, "this server is for this machine alone: ask for it as localhost or 127.0.0.1, or set http.read-token")
			return
		}
		is := g.role(r)
		changes := r.Method != http.MethodGet && r.Method != http.MethodHead
		open := strings.HasPrefix(r.URL.Path, "/static/") || r.URL.Path == "/login" || r.URL.Path == "/logout"
		switch {
		case open:
		case is == nobody && !strings.HasPrefix(r.URL.Path, "/api/") && !changes:
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		case is == nobody:
			w.Header().Set("WWW-Authenticate", `Bearer realm="dateline"`)
			refuse(w, r, http.StatusUnauthorized, "this needs a token: send Authorization: Bearer TOKEN")
			return
		case changes && g.config.OperateToken == "":
			refuse(w, r, http.StatusForbidden, "nothing can be changed over HTTP: the server has no http.operate-token")
			return
		case changes && is != operator:
			refuse(w, r, http.StatusForbidden, "this needs the operate token")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), roleKey{}, is)))
	})
}

// isLocalName says whether a browser came here by a name of this machine.
func isLocalName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil
}

// refuse answers in the form of RFC 9457 to the API's users, and in plain text
// to others.
func refuse(w http.ResponseWriter, r *http.Request, status int, detail string) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, detail, status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}
