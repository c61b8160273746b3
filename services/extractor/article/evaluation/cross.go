package evaluation

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dateline-news/dateline/services/extractor/article/internal/body"
)

// ErrOtherModels means that the cross-validated figures were not measured with the
// embedded models.
var ErrOtherModels = errors.New("the cross-validated figures belong to other models: " +
	"train again with cmd/train -cross site,set, which writes both, or add -keep to measure the embedded models")

// Cross holds the cross-validated figures of a pair of models: those to expect on pages
// that the models have not seen. cmd/train measures them when it trains the models.
type Cross struct {
	// Models identifies the models, as body.ModelsID does.
	Models string `json:"models"`
	// Sets has the figures of each set by its name, and those of the pages of one type
	// by the name that CrossName returns.
	Sets map[string]CrossFigures `json:"sets"`
}

// CrossFigures are the figures of the same pages with three kinds of models. They are
// equal for a set that is not trained on.
type CrossFigures struct {
	Pages int `json:"pages"`
	// Seen are the figures with the final models, which are trained on these pages.
	Seen BodyFigures `json:"seen"`
	// WithoutSite are those with models that have seen no page of the site of a page.
	WithoutSite BodyFigures `json:"without_site"`
	// WithoutSet are those with models that have seen no page of the set.
	WithoutSet BodyFigures `json:"without_set"`
}

// BodyFigures are figures of the text alone. A figure is nil if the truth of the pages
// does not include it.
type BodyFigures struct {
	F1         *float64 `json:"f1,omitempty"`
	Exact      *float64 `json:"exact,omitempty"`
	SnippetsF1 *float64 `json:"snippets_f1,omitempty"`
}

// CrossName returns the name of the figures of a set, or of its pages of one type.
func CrossName(set, pageType string) string {
	if pageType == "" {
		return set
	}
	return set + "/" + pageType
}

// ReadCross returns the figures of the embedded models. The error is ErrOtherModels if
// only the models were replaced.
func ReadCross() (Cross, error) { return readCross(body.CrossFigures(), body.EmbeddedID()) }

func readCross(raw []byte, models string) (Cross, error) {
	var c Cross
	if err := json.Unmarshal(raw, &c); err != nil {
		return Cross{}, fmt.Errorf("reading cross-validated figures: %w", err)
	}
	if c.Models != models {
		return Cross{}, ErrOtherModels
	}
	return c, nil
}
