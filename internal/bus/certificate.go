package bus

import (
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
)

// Expose registers a metric of the connection to NATS: the expiry of the certificate
// that the server presented when the connection was opened.
func Expose(nc *nats.Conn, reg prometheus.Registerer) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dateline_bus_certificate_expiry_timestamp_seconds",
		Help: "Unix time in seconds at which the NATS server's certificate expires, or 0 without encryption.",
	}, func() float64 {
		state, err := nc.TLSConnectionState()
		if err != nil || len(state.PeerCertificates) == 0 {
			return 0
		}
		return float64(state.PeerCertificates[0].NotAfter.Unix())
	}))
}
