module github.com/dateline-news/dateline/cmd/dateline

go 1.26.0
