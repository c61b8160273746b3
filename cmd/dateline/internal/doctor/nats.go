package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/subject"
)

// The oldest version of NATS with all features that Dateline uses. Dateline is tested
// with 2.15.
const oldestMajor, oldestMinor = 2, 12

// adviceInfo is the advice if the limits of the account cannot be read.
const adviceInfo = "allow this user to publish to $JS.API.INFO"

func examineNATS(ctx context.Context, t Target, r *report) {
	nc, err := connect(t)
	if err != nil {
		advice := "start the server, or give its address with --nats-url"
		if errors.Is(err, nats.ErrAuthorization) {
			advice = "give the right user and password in --nats-url, or the file with --nats-credentials"
		}
		r.problem("nats", advice, "no connection to %s: %v", addressOf(t.NATS.URL), bus.WithoutAddress(err))
		t.withoutStreams(r, "needs NATS", "permissions", "streams", "limits", "consumers", "dead letters")
		return
	}
	defer nc.Close()
	examineServer(nc, r)
	t.within(ctx, func(ctx context.Context) { examineMonitor(ctx, t, r) })
	t.within(ctx, func(ctx context.Context) { examinePermissions(ctx, nc, r) })
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(t.Timeout))
	if err == nil {
		t.within(ctx, func(ctx context.Context) { _, err = js.AccountInfo(ctx) })
	}
	if err != nil {
		r.problem("streams", "start the server with JetStream enabled, for this account too, and "+adviceInfo,
			"JetStream does not answer: %v", err)
		t.withoutStreams(r, "needs JetStream", "limits", "consumers", "dead letters")
		return
	}
	clustered := nc.ConnectedClusterName() != ""
	t.within(ctx, func(ctx context.Context) { examineStreams(ctx, js, t, clustered, r) })
	t.within(ctx, func(ctx context.Context) { examineLimits(ctx, js, r) })
	t.within(ctx, func(ctx context.Context) { examineConsumers(ctx, js, t, r) })
	t.within(ctx, func(ctx context.Context) { examineDeadLetters(ctx, js, r) })
	t.within(ctx, func(ctx context.Context) { examineStored(ctx, js, t, r) })
}

func connect(t Target) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name("dateline doctor"), nats.CustomInboxPrefix("_INBOX.dateline"),
		nats.Timeout(t.Timeout), nats.NoReconnect(),
		// Errors for missing permissions are not printed, because the requests
		// themselves fail.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}
	return nats.Connect(t.NATS.URL, append(options, t.NATS.Authentication()...)...)
}

// addressOf returns the addresses in a list of URLs, without users and passwords.
func addressOf(list string) string {
	var all []string
	for _, one := range strings.Split(list, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		switch {
		case err != nil:
			one = "(invalid address)"
		case u.Host != "":
			one = u.Host
		}
		all = append(all, one)
	}
	return strings.Join(all, ",")
}

func examineServer(nc *nats.Conn, r *report) {
	const check = "nats"
	version := nc.ConnectedServerVersion()
	var major, minor int
	_, err := fmt.Sscanf(version, "%d.%d", &major, &minor)
	if err != nil || major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		r.problem(check, "upgrade the server",
			"the server is NATS %s; %d.%d or later is required", version, oldestMajor, oldestMinor)
	}
	if have := nc.MaxPayload(); have < natsembed.MaxPayload {
		r.problem(check, fmt.Sprintf("set max_payload to %d MB in the server's configuration", natsembed.MaxPayload>>20),
			"the server accepts messages of at most %d KB, but pages can have %d MB", have>>10, natsembed.MaxPayload>>20)
	}
	if r.isFine(check) {
		rtt := ""
		if d, err := nc.RTT(); err == nil {
			rtt = fmt.Sprintf(", round trip %s", d.Round(10*time.Microsecond))
		}
		r.ok(check, "NATS %s at %s%s", version, addressOf(nc.ConnectedUrl()), rtt)
	}
}

// What a user can do who may publish to a dangerous subject.
const (
	publishAnywhere = "publish to any subject"
	deleteStreams   = "delete streams"
)

// dangerousSubjects returns subjects that only an administrator needs to publish to,
// and what a user can do with each.
func dangerousSubjects() map[string]string {
	all := map[string]string{"dateline-doctor.anything": publishAnywhere}
	for _, name := range subject.Streams() {
		all["$JS.API.STREAM.DELETE."+name] = deleteStreams
	}
	return all
}

// examinePermissions checks that the connected user may do no more than necessary.
func examinePermissions(ctx context.Context, nc *nats.Conn, r *report) {
	const check = "permissions"
	if !nc.AuthRequired() {
		if isLoopback(nc.ConnectedAddr()) {
			r.ok(check, "the server accepts clients without a password, but only from this machine")
		} else {
			r.problem(check, "define users with passwords in the server's configuration (accounts) and restart it",
				"the server at %s accepts clients without a password", nc.ConnectedAddr())
		}
		return
	}
	if nc.ConnectedServerName() == natsembed.Name {
		r.ok(check, "the embedded server accepts only clients with the password in its data folder")
		return
	}
	msg, err := nc.RequestWithContext(ctx, "$SYS.REQ.USER.INFO", nil)
	var answer struct{ Data server.UserInfo }
	if err == nil {
		err = json.Unmarshal(msg.Data, &answer)
	}
	if err != nil {
		r.skip(check, "the server does not tell what this user may do: %v", err)
		return
	}
	user := answer.Data
	if user.UserID == operator {
		r.ok(check, "the user %s of account %s may do everything: use it for maintenance only", user.UserID, user.Account)
		return
	}
	if mayPublish(user.Permissions, deleteProbe) && !reachesStreams(ctx, nc) {
		r.ok(check, "the user %s of account %s may not delete streams", user.UserID, user.Account)
		return
	}
	may := map[string]bool{}
	for name, what := range dangerousSubjects() {
		if mayPublish(user.Permissions, name) {
			may[what] = true
		}
	}
	for _, what := range []string{publishAnywhere, deleteStreams} {
		if may[what] {
			r.problem(check, "give each service, and this command, a user whose account imports only its own subjects "+
				"(as in deploy/nats/accounts.conf)", "the user %s of account %s may %s", user.UserID, user.Account, what)
		}
	}
	if len(may) == 0 {
		r.ok(check, "the user %s may neither publish to any subject nor delete streams", user.UserID)
	}
}

// operator is the user for maintenance in deploy/nats/accounts.conf. It has full
// permissions.
const operator = "operator"

// deleteProbe is a request to delete a stream that does not exist.
const deleteProbe = "$JS.API.STREAM.DELETE.dateline-doctor-probe"

// reachesStreams reports whether anybody answers the connected user's requests to
// delete streams. Nobody does if the user's account only imports some subjects from the
// account that owns the streams.
func reachesStreams(ctx context.Context, nc *nats.Conn) bool {
	_, err := nc.RequestWithContext(ctx, deleteProbe, nil)
	return !errors.Is(err, nats.ErrNoResponders)
}

func mayPublish(p *server.Permissions, name string) bool {
	if p == nil || p.Publish == nil {
		return true
	}
	matches := func(pattern string) bool { return server.SubjectMatchesFilter(name, pattern) }
	allowed := len(p.Publish.Allow) == 0 || slices.ContainsFunc(p.Publish.Allow, matches)
	return allowed && !slices.ContainsFunc(p.Publish.Deny, matches)
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
