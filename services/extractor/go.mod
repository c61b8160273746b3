module github.com/dateline-news/dateline/services/extractor

go 1.26.0

require (
	github.com/dateline-news/dateline/internal v0.0.0
	github.com/dateline-news/dateline/proto v0.0.0
	github.com/dateline-news/dateline/services/extractor/article v0.0.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/nats-io/nats.go v1.55.0 // indirect
	github.com/nats-io/nkeys v0.4.16 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/prometheus/client_golang v1.25.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace (
	github.com/dateline-news/dateline/internal => ../../internal
	github.com/dateline-news/dateline/proto => ../../proto
	github.com/dateline-news/dateline/services/extractor/article => ./article
)
