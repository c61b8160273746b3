package bus_test

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/natstest"
)

func TestIsGone(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"no error": nil, "another error": errors.New("timeout"),
		"a forbidden deletion": fmt.Errorf("%w: nats: API error: code=500 err_code=10057 "+
			"description=message delete not permitted", jetstream.ErrMsgDeleteUnsuccessful),
	} {
		if bus.IsGone(err) {
			t.Errorf("%s: is taken for a message that is gone", name)
		}
	}
	t.Run("one server", func(t *testing.T) {
		t.Parallel()
		_, js := natstest.Start(t)
		testGone(t, js, 1)
	})
	t.Run("three servers", func(t *testing.T) {
		t.Parallel()
		testGone(t, startCluster(t), 3)
	})
}

// startCluster starts a cluster of three servers and connects to one of them.
func startCluster(t *testing.T) jetstream.JetStream {
	t.Helper()
	var routes []*url.URL
	for range 3 {
		routes = append(routes, &url.URL{Scheme: "nats", Host: natstest.FreeAddr(t)})
	}
	var address string
	for i, route := range routes {
		port, err := strconv.Atoi(route.Port())
		if err != nil {
			t.Fatal(err)
		}
		srv, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprintf("node-%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT,
			JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
			Cluster: server.ClusterOpts{Name: "trial", Host: route.Hostname(), Port: port}, Routes: routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		srv.Start()
		t.Cleanup(func() {
			srv.Shutdown()
			srv.WaitForShutdown()
		})
		if !srv.ReadyForConnections(natstest.Patience(t)) {
			t.Fatal("a server does not start")
		}
		address = srv.ClientURL()
	}
	conn, err := nats.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the servers to form a cluster", func() bool {
		_, err := js.AccountInfo(t.Context())
		return err == nil
	})
	return js
}

// testGone deletes messages that a stream does not hold.
func testGone(t *testing.T, js jetstream.JetStream, replicas int) {
	t.Helper()
	ctx := t.Context()
	var stream jetstream.Stream
	natstest.Eventually(t, "the stream to be declared", func() (ok bool) {
		var err error
		stream, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: "GONE", Subjects: []string{"gone"}, Replicas: replicas,
		})
		return err == nil
	})
	for range 3 {
		if _, err := js.Publish(ctx, "gone", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(2)); err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(ctx, 2); err != nil {
		t.Fatal(err)
	}
	for name, sequence := range map[string]uint64{"purged": 1, "deleted": 2, "beyond the last": 9} {
		for method, remove := range map[string]error{
			"DeleteMsg":       stream.DeleteMsg(ctx, sequence),
			"SecureDeleteMsg": stream.SecureDeleteMsg(ctx, sequence),
		} {
			if !bus.IsGone(remove) {
				t.Errorf("%s of a message that is %s: IsGone is false for %v", method, name, remove)
			}
		}
		if _, err := stream.GetMsg(ctx, sequence); !bus.IsGone(err) {
			t.Errorf("GetMsg of a message that is %s: IsGone is false for %v", name, err)
		}
	}
}
