module github.com/dateline-news/dateline/tools/deployment

go 1.26.0

require gopkg.in/yaml.v3 v3.0.1
