module github.com/dateline-news/dateline/services/fetcher

go 1.26.0

require (
	code.dny.dev/ssrf v0.3.0 // indirect
	github.com/andybalholm/brotli v1.2.8 // indirect
	github.com/dateline-news/dateline/internal v0.0.0
	github.com/klauspost/compress v1.20.3 // indirect
	go.uber.org/goleak v1.3.0 // indirect
	golang.org/x/net v0.62.0 // indirect
)

replace github.com/dateline-news/dateline/internal => ../../internal
