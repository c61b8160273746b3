package body

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// modelText is the classifier of runs, as cmd/train writes it.
//
//go:embed body.model
var modelText string

// Model returns the embedded classifier of runs. It is decoded once.
var Model = sync.OnceValues(func() (*gbdt.Model, error) { return readModel(modelText) })

// readModel decodes a classifier of runs.
func readModel(text string) (*gbdt.Model, error) {
	m, err := gbdt.Read(text)
	if err != nil {
		return nil, fmt.Errorf("reading the body classifier: %w; train it again with cmd/train", err)
	}
	if m.Features() != featureCount {
		return nil, fmt.Errorf("reading the body classifier: it has %d features, not %d; train it again with cmd/train",
			m.Features(), featureCount)
	}
	return m, nil
}
