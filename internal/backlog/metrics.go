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
			case input.Consumer != "":
				g.WithLabelValues(input.Stream, input.Consumer)
			}
		}
		return g
	}
	m := &metrics{
		messages: gauge("dateline_stream_messages", "Messages that a stream holds.", "stream"),
		bytes:    gauge("dateline_stream_bytes", "Bytes that a stream holds.", "stream"),
		limit:    gauge("dateline_stream_limit_bytes", "Most bytes that a stream may hold; 0 for no bound.", "stream"),
		age:      gauge("dateline_stream_oldest_age_seconds", "Age of the oldest message that a stream holds, waiting or not; 0 for an empty one.", "stream"),

		pending:     gauge("dateline_consumer_pending", "Messages that were not delivered to a stage yet.", "stream", "consumer"),
		ackPending:  gauge("dateline_consumer_ack_pending", "Messages that were delivered to a stage and are not acked.", "stream", "consumer"),
		redelivered: gauge("dateline_consumer_redelivered", "Messages that are not acked and were delivered more than once.", "stream", "consumer"),
		waiting:     gauge("dateline_consumer_oldest_waiting_seconds", "Age of the oldest message that a stage has not acked; 0 where none waits.", "stream", "consumer"),

		storage:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "dateline_jetstream_storage_bytes", Help: "Bytes that all streams and buckets of the NATS account hold on disk."}),
		storageLimit: prometheus.NewGauge(prometheus.GaugeOpts{Name: "dateline_jetstream_storage_limit_bytes", Help: "Most bytes that the NATS account may hold on disk; 0 for no bound but the server's."}),
		errors:       prometheus.NewCounter(prometheus.CounterOpts{Name: "dateline_stream_read_errors_total", Help: "Times that the state of a stream, a consumer or the account could not be had."}),
	}
	reg.MustRegister(m.storage, m.storageLimit, m.errors)
	return m
}
