package body

import (
	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
	"github.com/dateline-news/dateline/services/extractor/article/internal/page"
)

// confidenceFeatures is the number of features by which the F1 of a text is predicted.
// Their order is part of the model.
const confidenceFeatures = 16

// unjudged is the probability of belonging to the text that is assumed for a kept run
// that the classifier did not judge.
const unjudged = 0.9

// maxLead bounds the distance of the best region's margin from the second one's.
const maxLead = 5

// choice is the region that was chosen.
type choice struct {
	elem    int32
	against page.Hint // the hints that are evidence against runs in it
	margin  float32   // of the model, 0 without one
	lead    float32   // distance of margin from that of the second best region
}

// ConfidenceRow returns the features by which the F1 of the text is predicted: how sure
// the models are, how much of the page the text is, and what surrounds it.
func (t *Text) ConfidenceRow() []float32 {
	var kept, keptRuns, keptLinked, all, unsure, dropped, right, wanted float32
	var prose, keptProse float32
	first := -1
	for i := range t.Runs {
		r := &t.Runs[i]
		if r.Kind != page.TextRun {
			continue
		}
		chars := float32(r.Chars)
		all += chars
		prose += max(t.weights[i], 0)
		p := float32(0)
		if score, judged := t.Score(i); judged {
			p = float32(probability(float32(score)))
			unsure += chars * bit(score > -1 && score < 1)
		} else if t.keptText(i) {
			p = unjudged
		}
		wanted += p * chars
		dropped += chars * bit(t.verdicts[i] == DroppedLearned)
		if !t.keptText(i) {
			continue
		}
		if first < 0 {
			first = i
		}
		kept += chars
		keptRuns++
		keptLinked += float32(r.LinkedChars)
		keptProse += max(t.weights[i], 0)
		right += p * chars
	}
	fromHeadline := float32(noTitle)
	if t.Headline.Run >= 0 && first >= 0 {
		fromHeadline = distance(first - t.Headline.Run)
	}
	seen := t.outline(t.from, t.to)
	row := featureRow{values: make([]float32, confidenceFeatures)}
	row.add(float32(probability(t.choice.margin)), min(t.choice.lead, maxLead), ratio(2*right, kept+wanted),
		ratio(unsure, kept), ratio(dropped, kept), logOf(kept), logOf(keptRuns), ratio(kept, keptRuns),
		ratio(kept, all), ratio(keptLinked, kept), ratio(keptProse, prose), bit(t.Headline.Run >= 0), fromHeadline,
		bit(t.Facts.DeclaresArticle()), float32(min(seen.teasers, maxEnds)),
		ratio(float32(seen.flowing), float32(seen.flowing+seen.single)))
	return row.values
}

// usualF1 is the F1 that is expected without a model of it.
const usualF1 = 0.87

// predictF1 returns the predicted F1 of the text.
func (t *Text) predictF1(model *gbdt.Model) float64 {
	if model == nil {
		return usualF1
	}
	return probability(model.Margin(t.ConfidenceRow()))
}
