module github.com/dateline-news/dateline/internal

go 1.26.0

require github.com/nlnwa/whatwg-url v0.6.2 // indirect
