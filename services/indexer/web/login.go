package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/access"
)

// loginForm shows the form of the login page.
func (s *site) loginForm(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "login", "Log in", loginPage{Next: local(r.URL.Query().Get("next"))})
}

// cookieAge is how long a browser keeps its token.
const cookieAge = 30 * 24 * time.Hour

type loginPage struct{ Next, Error string }

// logIn checks a token and stores it in a cookie.
func (s *site) logIn(w http.ResponseWriter, r *http.Request) {
	token, next := r.PostFormValue("token"), local(r.PostFormValue("next"))
	from, err := s.guard.senderWith(r.Context(), token)
	if err != nil {
		s.showLibraryError(w, r, err)
		return
	}
	if token == "" || from.role == nobody || from.actor == access.Anyone {
		s.show(w, r, http.StatusForbidden, "login", "Log in", loginPage{next, "Invalid token."})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https", MaxAge: int(cookieAge.Seconds()),
	})
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// logOut removes the cookie.
func (s *site) logOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: -1})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// local returns path if it is a path of this server, and otherwise the start
// page.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}
