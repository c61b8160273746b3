module github.com/dateline-news/dateline/services/extractor

go 1.26.0
