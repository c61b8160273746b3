package body

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// The models, as cmd/train writes them.
//
//go:embed body.model
var runModel string

//go:embed regions.model
var regionModel string

//go:embed confidence.model
var confidenceModel string

//go:embed cross.json
var crossFigures []byte

// CrossFigures returns the cross-validated figures of the models as JSON, as cmd/train
// writes them. Package evaluation decodes them.
func CrossFigures() []byte { return crossFigures }

// EmbeddedID identifies the embedded models that choose the text.
func EmbeddedID() string { return ModelsID(regionModel, runModel) }

// ModelsID identifies the models that choose the text, given the contents of their files.
func ModelsID(regions, runs string) string {
	sum := sha256.Sum256([]byte(regions + runs))
	return hex.EncodeToString(sum[:])
}

// Embedded returns the embedded models. They are decoded once.
var Embedded = sync.OnceValues(func() (Models, error) {
	runs, err := readModel(runModel, "body.model", featureCount)
	if err != nil {
		return Models{}, err
	}
	regions, err := readModel(regionModel, "regions.model", regionFeatures)
	if err != nil {
		return Models{}, err
	}
	confidence, err := readModel(confidenceModel, "confidence.model", confidenceFeatures)
	if err != nil {
		return Models{}, err
	}
	return Models{Regions: regions, Runs: runs, F1: confidence}, nil
})

// readModel decodes a model whose rows have a number of features.
func readModel(text, name string, features int) (*gbdt.Model, error) {
	m, err := gbdt.Read(text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w; train it again with cmd/train", name, err)
	}
	if m.Features() != features {
		return nil, fmt.Errorf("reading %s: it has %d features, not %d; train it again with cmd/train",
			name, m.Features(), features)
	}
	return m, nil
}
