package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/dateline-news/dateline/services/indexer/access"
	"github.com/dateline-news/dateline/services/indexer/api"
)

// role is what the sender of a request may do. Each one may also do what those before it
// may.
type role int

const (
	nobody role = iota
	reader
	subscriber // manages subscriptions and saved searches
	operator
)

// sender is who sent a request. The actor is its name in the audit log.
type sender struct {
	role  role
	actor string
}

type senderKey struct{}

func senderOf(ctx context.Context) sender {
	s, _ := ctx.Value(senderKey{}).(sender)
	return s
}

func roleOf(ctx context.Context) role { return senderOf(ctx).role }

// cookieName is the name of the cookie that holds a browser's token.
const cookieName = "dateline_token"

// guard authorizes requests by their token: a bearer token (RFC 6750), the
// password of basic authentication (RFC 7617, for feed readers), or the cookie
// that the login page sets. Tokens are those of the configuration and of the store.
type guard struct {
	config  Config
	keyring *access.Keyring
	log     *slog.Logger
}

// sender returns who has sent a request, or an error if its token cannot be checked.
func (g guard) sender(r *http.Request) (sender, error) {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		if _, password, ok := r.BasicAuth(); ok {
			token = password
		} else if cookie, err := r.Cookie(cookieName); err == nil {
			token = cookie.Value
		}
	}
	return g.senderWith(r.Context(), token)
}

func (g guard) senderWith(ctx context.Context, token string) (sender, error) {
	// Both comparisons always take place, so that the time does not tell which of them
	// succeeded.
	operates, reads := equal(token, g.config.OperateToken), equal(token, g.config.ReadToken)
	switch {
	case operates:
		return sender{operator, access.OperateToken}, nil
	case reads:
		return sender{reader, access.ReadToken}, nil
	}
	stored, ok, err := g.keyring.Find(ctx, token)
	switch {
	case err != nil:
		return sender{}, err
	case ok && stored.Allows(access.Operate):
		return sender{operator, stored.Name}, nil
	case ok && stored.Allows(access.Subscribe):
		return sender{subscriber, stored.Name}, nil
	case ok:
		return sender{reader, stored.Name}, nil
	case g.config.ReadToken == "":
		return sender{reader, access.Anyone}, nil
	}
	return sender{}, nil
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
		from, err := g.sender(r)
		if err != nil {
			g.log.Error("checking a token failed", "error", err)
			w.Header().Set("Retry-After", "5")
			refuse(w, r, http.StatusServiceUnavailable, "the token cannot be checked now: try again in a few seconds")
			return
		}
		verdict := g.judge(r, from.role)
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
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), senderKey{}, from)))
	})
}

// verdict is the decision on a request. The zero value admits it.
type verdict struct {
	login  bool // redirect to the login page
	status int  // refuse with this status
	detail string
}

// judge decides whether a sender with a role may make a request.
func (g guard) judge(r *http.Request, is role) verdict {
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
	needed := roleFor(r.Method, path)
	switch {
	case is >= needed:
		return verdict{}
	case is == nobody && !strings.HasPrefix(path, "/api/") && !changes(r.Method):
		return verdict{login: true}
	case is == nobody:
		return verdict{status: http.StatusUnauthorized, detail: "a token is required: send Authorization: Bearer TOKEN"}
	case needed == subscriber:
		return verdict{status: http.StatusForbidden, detail: "a token with the scope subscribe or operate is required"}
	}
	return verdict{status: http.StatusForbidden,
		detail: `the operate token, or a token with the scope operate ("dateline token create"), is required`}
}

// changes reports whether requests with a method change something.
func changes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// roleFor returns the role that a request needs.
func roleFor(method, path string) role {
	switch section, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, api.Prefix), "/"), "/"); {
	case section == "tokens" || section == "audit":
		return operator // also to read: they tell who works here
	case !changes(method):
		return reader
	case section == "subscriptions" || section == "searches":
		return subscriber
	}
	return operator
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
