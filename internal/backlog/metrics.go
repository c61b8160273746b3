package backlog

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	messages, bytes, limit, age               *prometheus.GaugeVec
	pending, ackPending, redelivered, waiting *prometheus.GaugeVec
	storage, storageLimit                     prometheus.Gauge
	errors                                    prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, inputs []Input) *metrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
		reg.MustRegister(g)
		for _, input := range inputs {
			switch {
			case len(labels) == 1:
				g.WithLabelValues(input.Stream)
			case input.Consumer != "" && !input.Optional:
				g.WithLabelValues(input.Stream, input.Consumer)
			}
		}
		return g
	}
	m := &metrics{
		messages: gauge("dateline_stream_messages", "Messages in a stream.", "stream"),
		bytes:    gauge("dateline_stream_bytes", "Size of a stream in bytes.", "stream"),
		limit: gauge("dateline_stream_limit_bytes",
			"Maximum size of a stream in bytes, or 0 if it is unlimited.", "stream"),
		age: gauge("dateline_stream_oldest_age_seconds",
			"Age in seconds of the oldest message in a stream, acked or not, or 0 if the stream is empty.", "stream"),

		pending: gauge("dateline_consumer_pending",
			"Messages not yet delivered to a stage.", "stream", "consumer"),
		ackPending: gauge("dateline_consumer_ack_pending",
			"Messages delivered to a stage and not acked.", "stream", "consumer"),
		redelivered: gauge("dateline_consumer_redelivered",
			"Messages delivered to a stage more than once and not acked.", "stream", "consumer"),
		waiting: gauge("dateline_consumer_oldest_waiting_seconds",
			"Age in seconds of the oldest message that a stage has not acked, or 0 if every message is acked.",
			"stream", "consumer"),

		storage: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_jetstream_storage_bytes",
			Help: "Size of all streams and buckets of the NATS account on disk in bytes.",
		}),
		storageLimit: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dateline_jetstream_storage_limit_bytes",
			Help: "Maximum size of the NATS account on disk in bytes, or 0 if only the server limits it.",
		}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dateline_stream_read_errors_total",
			Help: "Failed attempts to read the state of a stream, a consumer or the account.",
		}),
	}
	reg.MustRegister(m.storage, m.storageLimit, m.errors)
	return m
}

// forget removes the metrics of a consumer that does not exist.
func (m *metrics) forget(input Input) {
	for _, gauge := range []*prometheus.GaugeVec{m.pending, m.ackPending, m.redelivered, m.waiting} {
		gauge.DeleteLabelValues(input.Stream, input.Consumer)
	}
}
