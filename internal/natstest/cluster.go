package natstest

import (
	"fmt"
	"net/url"
	"strconv"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Cluster starts a cluster of three servers, and connects to one of them until the test ends.
func Cluster(tb testing.TB) (*nats.Conn, jetstream.JetStream) {
	tb.Helper()
	var routes []*url.URL
	for range 3 {
		routes = append(routes, &url.URL{Scheme: "nats", Host: FreeAddr(tb)})
	}
	var address string
	for i, route := range routes {
		port, err := strconv.Atoi(route.Port())
		if err != nil {
			tb.Fatal(err)
		}
		srv, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprintf("node-%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT,
			JetStream: true, StoreDir: tb.TempDir(), JetStreamMaxStore: maxStoreBytes, NoSigs: true, NoLog: true,
			Cluster: server.ClusterOpts{Name: "trial", Host: route.Hostname(), Port: port}, Routes: routes,
		})
		if err != nil {
			tb.Fatal(err)
		}
		srv.Start()
		tb.Cleanup(func() {
			srv.Shutdown()
			srv.WaitForShutdown()
		})
		if !srv.ReadyForConnections(Patience(tb)) {
			tb.Fatal("a server does not start")
		}
		address = srv.ClientURL()
	}
	conn, err := nats.Connect(address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		tb.Fatal(err)
	}
	Eventually(tb, "the servers to form a cluster", func() bool {
		_, err := js.AccountInfo(tb.Context())
		return err == nil
	})
	return conn, js
}
