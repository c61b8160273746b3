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

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// oldestNATS is the first version that has all that Dateline asks for, which is
// tested with 2.15.
var oldestNATS = [2]int{2, 12}

func examineNATS(ctx context.Context, t Target, r *report) {
	options := []nats.Option{nats.Name("dateline doctor"), nats.CustomInboxPrefix("_INBOX.dateline"), nats.Timeout(t.Timeout), nats.NoReconnect(),
		// What this user may not do shows in the answers that do not come.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})}
	if t.NATS.Credentials != "" {
		options = append(options, nats.UserCredentials(t.NATS.Credentials))
	}
	address := addressOf(t.NATS.URL)
	nc, err := nats.Connect(t.NATS.URL, options...)
	if err != nil {
		advice := "start the server, or give its address with --nats"
		if errors.Is(err, nats.ErrAuthorization) {
			advice = "give the right user and password in --nats, or the file with --nats-credentials"
		}
		r.problem("nats", advice, "no connection to %s: %v", address, err)
		for _, check := range []string{"permissions", "streams", "limits", "consumers", "dead letters"} {
			r.skip(check, "needs NATS")
		}
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
		r.problem("streams", "start the server with JetStream on, for this account too, and let this user ask for $JS.API.INFO", "JetStream does not answer: %v", err)
		for _, check := range []string{"limits", "consumers", "dead letters"} {
			r.skip(check, "needs JetStream")
		}
		return
	}
	t.within(ctx, func(ctx context.Context) { examineStreams(ctx, js, t, nc.ConnectedClusterName() != "", r) })
	t.within(ctx, func(ctx context.Context) { examineLimits(ctx, js, r) })
	t.within(ctx, func(ctx context.Context) { examineConsumers(ctx, js, t, r) })
	t.within(ctx, func(ctx context.Context) { examineDead(ctx, js, r) })
}

// addressOf is the address of a server without user and password.
func addressOf(list string) string {
	var all []string
	for _, one := range strings.Split(list, ",") {
		if u, err := url.Parse(strings.TrimSpace(one)); err == nil && u.Host != "" {
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
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil || major < oldestNATS[0] || major == oldestNATS[0] && minor < oldestNATS[1] {
		r.problem(check, "upgrade it", "the server is NATS %s; %d.%d or later is needed", version, oldestNATS[0], oldestNATS[1])
	}
	if have := nc.MaxPayload(); have < natsembed.MaxPayload {
		r.problem(check, fmt.Sprintf("set max_payload to %d MB in its configuration", natsembed.MaxPayload>>20),
			"the server takes messages of at most %d KB, and pages may have %d MB", have>>10, natsembed.MaxPayload>>20)
	}
	if r.isFine(check) {
		text := ""
		if rtt, err := nc.RTT(); err == nil {
			text = fmt.Sprintf(", answers in %s", rtt.Round(10*time.Microsecond))
		}
		r.ok(check, "NATS %s at %s%s", version, addressOf(nc.ConnectedUrl()), text)
	}
}

// dangers are subjects that nobody but an administrator needs to publish to.
func dangers() map[string]string {
	all := map[string]string{"dateline-doctor.anything": "publish to any subject"}
	for _, name := range subject.Streams() {
		all["$JS.API.STREAM.DELETE."+name] = "delete streams"
	}
	return all
}

// examinePermissions looks at what the user who connects may do.
func examinePermissions(ctx context.Context, nc *nats.Conn, r *report) {
	const check = "permissions"
	if !nc.AuthRequired() {
		if host := nc.ConnectedAddr(); !isLoopback(host) {
			r.problem(check, "give the server users with passwords (accounts, in its configuration) and restart it", "the server at %s takes everybody without a password", host)
		} else {
			r.ok(check, "the server takes everybody without a password, on this machine alone")
		}
		return
	}
	msg, err := nc.RequestWithContext(ctx, "$SYS.REQ.USER.INFO", nil)
	var answer struct{ Data server.UserInfo }
	if err == nil {
		err = json.Unmarshal(msg.Data, &answer)
	}
	if err != nil {
		r.skip(check, "the server does not say what this user may do: %v", err)
		return
	}
	may := map[string]bool{}
	for subject, what := range dangers() {
		if mayPublish(answer.Data.Permissions, subject) {
			may[what] = true
		}
	}
	for _, what := range []string{"publish to any subject", "delete streams"} {
		if may[what] {
			r.problem(check, "give each service, and this command, a user with only its subjects (deploy/nats/accounts.conf has them)", "the user %s of account %s may %s", answer.Data.UserID, answer.Data.Account, what)
		}
	}
	if len(may) == 0 {
		r.ok(check, "the user %s may neither publish to any subject nor delete streams", answer.Data.UserID)
	}
}

func mayPublish(p *server.Permissions, subject string) bool {
	if p == nil || p.Publish == nil {
		return true
	}
	matches := func(pattern string) bool { return server.SubjectMatchesFilter(subject, pattern) }
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

func examineStreams(ctx context.Context, js jetstream.JetStream, t Target, clustered bool, r *report) {
	const check = "streams"
	found, err := topology.Compare(ctx, js, topology.Limits{Replicas: t.NATS.Replicas})
	for _, d := range found {
		advice := "restart one of the services: it declares streams and consumers as they should be"
		if !d.Fixable {
			advice = "see what is found"
		}
		r.problem(check, advice, "%s %s", d.Object, d.Text)
	}
	if err != nil {
		r.problem(check, "let this user read streams and consumers ($JS.API.STREAM.INFO.>, $JS.API.CONSUMER.INFO.>)", "not all could be read: %v", err)
	}
	if clustered && t.NATS.Replicas < 3 {
		r.problem(check, "set nats.replicas to 3 for all services", "the server is one of a cluster, and each message is kept on %d of its servers", max(1, t.NATS.Replicas))
	}
	if r.isFine(check) {
		r.ok(check, "%d streams, their consumers and buckets are as declared", len(subject.Streams()))
	}
}

// nearlyFull is the share of a bound from which on there is something to do.
// The streams of pages, articles and outcomes are trimmed at 0.8.
const nearlyFull = 0.9

func examineLimits(ctx context.Context, js jetstream.JetStream, r *report) {
	const check = "limits"
	clockRead := false
	for _, name := range subject.Streams() {
		before := time.Now()
		stream, err := js.Stream(ctx, name)
		after := time.Now()
		if err != nil {
			continue // which has been told of
		}
		info := stream.CachedInfo()
		if !clockRead {
			r.examineClock("NATS", before, info.TimeStamp, after)
			clockRead = true
		}
		if share := float64(info.State.Bytes) / float64(info.Config.MaxBytes); info.Config.MaxBytes > 0 && share > nearlyFull {
			r.problem(check, "find out who does not read it (see consumers), or raise its max_bytes (nats stream edit)", "stream %s is %.0f %% full; a full one refuses messages", name, 100*share)
		}
		if info.Cluster == nil {
			continue
		}
		for _, peer := range info.Cluster.Replicas {
			if peer.Offline || !peer.Current && peer.Lag > 1000 {
				r.problem(check, "bring that server back", "stream %s: the replica on %s is offline or %d operations behind", name, peer.Name, peer.Lag)
			}
		}
	}
	account, err := js.AccountInfo(ctx)
	if err != nil {
		r.problem(check, "let this user ask for $JS.API.INFO", "the account's limits could not be read: %v", err)
		return
	}
	if limit := account.Limits.MaxStore; limit > 0 && float64(account.Store) > nearlyFull*float64(limit) {
		r.problem(check, "raise the account's max_file, or the server's max_file_store and its disk", "the account's streams take %d MB of %d", account.Store>>20, limit>>20)
	}
	if r.isFine(check) {
		r.ok(check, "no stream is nearly full; all take %d MB", account.Store>>20)
	}
}

// maxReadWait is the longest wait for a reader of a consumer. Readers ask again
// within milliseconds, so a longer wait finds no more of them.
const maxReadWait = time.Second

// maxLag is how many messages may wait for a stage before somebody should look.
const maxLag = 10_000

func examineConsumers(ctx context.Context, js jetstream.JetStream, t Target, r *report) {
	const check = "consumers"
	type place struct{ stream, consumer, service string }
	for _, at := range []place{
		{subject.StreamURLs, subject.ConsumerIntake, "fetcher"}, {subject.StreamPages, subject.ConsumerExtract, "extractor"},
		{subject.StreamArticles, subject.ConsumerIndex, "indexer"}, {subject.StreamOutcomes, subject.ConsumerLedger, "indexer"},
	} {
		consumer, err := js.Consumer(ctx, at.stream, at.consumer)
		if err != nil {
			continue // which has been told of
		}
		info := consumer.CachedInfo()
		if info.NumWaiting == 0 && info.NumAckPending == 0 && !isRead(ctx, consumer, min(t.Timeout/8, maxReadWait)) {
			r.problem(check, fmt.Sprintf("start the %s, and look into its log", at.service), "nobody reads %s (consumer %s), where %d messages wait", at.stream, at.consumer, info.NumPending)
			continue
		}
		if info.NumAckPending >= info.Config.MaxAckPending && info.Config.MaxAckPending > 0 {
			r.problem(check, fmt.Sprintf("look into the log of the %s, or start more of them", at.service), "consumer %s has as many messages in work as it may (%d)", at.consumer, info.NumAckPending)
		}
		if info.NumPending > maxLag {
			r.problem(check, fmt.Sprintf("start more of the %s, or see what slows it (dateline top)", at.service), "%d messages wait for the %s", info.NumPending, at.service)
		}
	}
	if owned, err := ownedPartitions(ctx, js); err != nil {
		r.skip(check, "the fetchers' leases cannot be read: %v", err)
	} else if owned < subject.Partitions {
		r.problem(check, "start a fetcher, or wait half a minute if one has just stopped", "%d of the frontier's %d partitions have no fetcher: the URLs in them wait", subject.Partitions-owned, subject.Partitions)
	}
	if r.isFine(check) {
		r.ok(check, "every stage reads, and fewer than %d messages wait for each", maxLag)
	}
}

// ownedPartitions counts the leases, without reading them.
func ownedPartitions(ctx context.Context, js jetstream.JetStream) (int, error) {
	leases, err := js.Stream(ctx, subject.KVStream(subject.BucketLeases))
	if err != nil {
		return 0, err
	}
	return int(leases.CachedInfo().State.NumSubjects), nil
}

// isRead waits to see whether somebody asks for messages: a reader that has
// just got some asks again within moments.
func isRead(ctx context.Context, consumer jetstream.Consumer, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	first := consumer.CachedInfo().Delivered.Consumer
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
		if info, err := consumer.Info(ctx); err == nil && (info.NumWaiting > 0 || info.NumAckPending > 0 || info.Delivered.Consumer > first) {
			return true
		}
	}
}

func examineDead(ctx context.Context, js jetstream.JetStream, r *report) {
	const check = "dead letters"
	stream, err := js.Stream(ctx, subject.StreamDead)
	if err != nil {
		r.skip(check, "the stream %s cannot be read", subject.StreamDead)
		return
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject.AllDead))
	if err != nil {
		r.skip(check, "the stream %s cannot be read: %v", subject.StreamDead, err)
		return
	}
	if info.State.Msgs == 0 {
		r.ok(check, "there are none")
		return
	}
	subjects := make([]string, 0, len(info.State.Subjects))
	for name := range info.State.Subjects {
		subjects = append(subjects, name)
	}
	slices.SortFunc(subjects, func(a, b string) int { return int(info.State.Subjects[b]) - int(info.State.Subjects[a]) })
	var most []string
	for _, name := range subjects[:min(3, len(subjects))] {
		stage, reason, _ := subject.ParseDead(name)
		most = append(most, fmt.Sprintf("%s.%s %d", stage, reason, info.State.Subjects[name]))
	}
	r.problem(check, "read them (dateline dead list), mend the cause, requeue or drop them", "%d inputs failed for good: %s", info.State.Msgs, strings.Join(most, ", "))
}
