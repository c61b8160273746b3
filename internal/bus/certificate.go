package bus

import (
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
)

// Expose registers what a process can tell of its connection to NATS: until
// when the server's certificate is valid, as the server showed it when the
// connection was made.
func Expose(nc *nats.Conn, reg prometheus.Registerer) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dateline_bus_certificate_expiry_timestamp_seconds",
		Help: "When the NATS server's certificate runs out, in seconds since 1970; 0 where the connection is not encrypted.",
	}, func() float64 {
		state, err := nc.TLSConnectionState()
		if err != nil || len(state.PeerCertificates) == 0 {
			return 0
		}
		return float64(state.PeerCertificates[0].NotAfter.Unix())
	}))
}
