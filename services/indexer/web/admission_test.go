package web_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// attack opens connections from an address of this machine, and sends on each the start
// of a request whose body never arrives. The statuses of responses go to the channel.
func (server *testServer) attack(t *testing.T, from, head string, connections int, statuses chan<- int) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	for range connections {
		connection, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { connection.Close() })
		if _, err := fmt.Fprintf(connection, "%s\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", head); err != nil {
			t.Fatal(err)
		}
		go func() {
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err == nil {
				response.Body.Close()
				if response.StatusCode != http.StatusForbidden && response.Header.Get("Retry-After") == "" {
					t.Errorf("status %d without Retry-After", response.StatusCode)
				}
				statuses <- response.StatusCode
			}
		}()
	}
}

// TestSlowLoginsDelayNobody sends hundreds of logins whose bodies do not arrive, from one
// address and from many.
func TestSlowLoginsDelayNobody(t *testing.T) {
	const attackers, each = 40, 8
	for name, addresses := range map[string]int{"one address": 1, "many addresses": attackers} {
		t.Run(name, func(t *testing.T) {
			server := newGuardedServer(t)
			statuses := make(chan int, attackers*each)
			for i := range addresses {
				server.attack(t, fmt.Sprintf("127.0.1.%d", i+1), "POST /login HTTP/1.1",
					attackers*each/addresses, statuses)
			}
			// Once a login is refused, the others have taken all that they can.
			if status := <-statuses; status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
				t.Errorf("status %d, want a refusal", status)
			}
			if status, _, body := server.request(t, "GET", "/?q=x", bearer(readToken)...); status != http.StatusOK {
				t.Errorf("searching: status %d: %s", status, body)
			}
			if status, _, _ := server.request(t, "GET", "/login"); status != http.StatusOK {
				t.Errorf("the login page: status %d", status)
			}
			erase := "/articles/id-a-0000/erase"
			if status, _, _ := server.request(t, "POST", erase, bearer(operateToken)...); status != http.StatusSeeOther {
				t.Errorf("erasing: status %d", status)
			}
			if addresses > 1 {
				return
			}
			if status, _, _ := server.request(t, "POST", "/login"); status != http.StatusForbidden {
				t.Errorf("logging in from another address: status %d, want that of an invalid token", status)
			}
		})
	}
}

// TestSlowBodiesWithATokenDelayNobody sends changes whose bodies do not arrive.
func TestSlowBodiesWithATokenDelayNobody(t *testing.T) {
	server := newGuardedServer(t)
	statuses := make(chan int, 300)
	for _, path := range []string{"/login", "/logout", "/api/v1/dead-letters/1/requeue"} {
		server.attack(t, "127.0.1.1", "POST "+path+" HTTP/1.1\r\nAuthorization: Bearer "+operateToken, 100, statuses)
	}
	<-statuses
	for _, path := range []string{"/", "/api/v1/articles"} {
		if status, _, body := server.request(t, "GET", path, bearer(readToken)...); status != http.StatusOK {
			t.Errorf("%s: status %d: %s", path, status, body)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	server := newGuardedServer(t)
	for form, want := range map[string]int{
		"token=" + strings.Repeat("x", 60<<10): http.StatusForbidden,
		"token=" + strings.Repeat("x", 65<<10): http.StatusRequestEntityTooLarge,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/login", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != want {
			t.Errorf("a form of %d bytes: status %d, want %d", len(form), response.StatusCode, want)
		}
	}
}

// TestALongResponseOutlivesTheReadDeadline follows changes for longer than the server
// waits for a request.
func TestALongResponseOutlivesTheReadDeadline(t *testing.T) {
	const readTimeout = time.Second // a busy machine must send a request within this time
	server := newTestServerWith(t, web.DefaultConfig(), func(s *http.Server) { s.ReadTimeout = readTimeout })
	start, next := time.Now(), server.follow(t, "0")
	for i := 0; time.Since(start) < 2*readTimeout; i++ {
		server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_NEW, fmt.Sprint(i), 1)
		if i == 0 {
			next = server.follow(t, "1")
			server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_NEW, "first", 1)
		}
		if got := next(); !strings.Contains(got, "event: new") {
			t.Fatalf("after %s: %s", time.Since(start), got)
		}
	}
}
