package indexer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// put stores a batch of articles in one transaction.
func (ix *Indexer) put(ctx context.Context, inputs []*stage.Input) []stage.Result {
	results := make([]stage.Result, len(inputs))
	var batch []*datelinev1.Article
	var at []int // results[at[k]] belongs to batch[k]
	for i, input := range inputs {
		record := &datelinev1.Article{}
		if err := proto.Unmarshal(input.Data, record); err != nil {
			results[i] = malformed(input, "Article", err)
			continue
		}
		record = store.WithOwnIdentity(record)
		results[i].Outcome = &datelinev1.Outcome{
			InputId: library.PageID(record), RequestId: record.GetRequestId(), Url: library.LastPage(record),
			Host: record.GetHost(), OutputId: record.GetId(), Labels: record.GetLabels(),
		}
		if record.GetReplay() != nil {
			id := library.ReplayID(record)
			results[i].Outcome.InputId, results[i].Outcome.RequestId = id, id
		}
		batch, at = append(batch, record), append(at, i)
	}
	start := time.Now()
	stored, err := ix.store.Put(ctx, batch, ix.readers[subject.StreamArticles].Spans(ctx, inputs)...)
	ix.metrics.puts.observe(len(batch), start)
	ix.metrics.window.set(ix.store.CopiesWindow())
	now := time.Now()
	for k, i := range at {
		if err != nil {
			results[i].Err = storeFailure(fmt.Errorf("storing %d articles: %w", len(batch), err))
			continue
		}
		if stored[k].Err == nil {
			ix.metrics.put(batch[k], stored[k], now)
		}
		judge(&results[i], stored[k])
		if err := announce(&results[i], stored[k], batch[k]); err != nil {
			results[i].Err = stage.Permanent(outcome.Malformed, err)
		}
	}
	return results
}

// judge completes the outcome of an article that was handed to the store.
func judge(result *stage.Result, stored store.PutResult) {
	if stored.Err != nil {
		result.Err = stage.Permanent(outcome.Refused, stored.Err)
		return
	}
	o := result.Outcome
	o.Reason, o.OutputId = stored.Status.String(), stored.ID
	switch stored.Status {
	case store.Erased:
		o.Verdict, o.OutputId = datelinev1.Verdict_VERDICT_REJECTED, ""
		o.Detail = "The article was erased and is not stored again."
	case store.ErasedCopy:
		o.Verdict, o.OutputId = datelinev1.Verdict_VERDICT_REJECTED, ""
		o.Detail = "An article of this site with the same text was erased, and the text is not stored again."
	case store.Superseded:
		o.Verdict = datelinev1.Verdict_VERDICT_UNCHANGED
		o.Detail = "The newest revision has changed since its page was extracted again, or the run was undone."
	case store.Unchanged:
		o.Verdict = datelinev1.Verdict_VERDICT_UNCHANGED
		if stored.Revision == 0 {
			break
		}
		// An earlier delivery of this record stored it. The process may have ended
		// before that was recorded, so this outcome is the same.
		o.Verdict, o.Reason = datelinev1.Verdict_VERDICT_PRODUCED, string(outcome.Changed)
		switch {
		case stored.WasOutdated:
			o.Reason = string(outcome.Outdated)
		case stored.Revision == 1:
			o.Reason = string(outcome.New)
		}
	default:
		o.Verdict = datelinev1.Verdict_VERDICT_PRODUCED
	}
	if stored.Completes {
		o.Reason = string(outcome.Completed)
	}
}

// announce publishes the revision that a record created. A redelivered record
// is announced again, because the process may have ended before announcing it.
func announce(result *stage.Result, stored store.PutResult, record *datelinev1.Article) error {
	if stored.Revision == 0 {
		return nil
	}
	change := datelinev1.RevisionChange_REVISION_CHANGE_CHANGED
	switch {
	case stored.Status == store.ExtractedAgain:
		change = datelinev1.RevisionChange_REVISION_CHANGE_EXTRACTED_AGAIN
	case stored.Status == store.Restored:
		change = datelinev1.RevisionChange_REVISION_CHANGE_RESTORED
	case stored.WasOutdated:
		change = datelinev1.RevisionChange_REVISION_CHANGE_OUTDATED
	case stored.Revision == 1:
		change = datelinev1.RevisionChange_REVISION_CHANGE_NEW
	case stored.Completes:
		change = datelinev1.RevisionChange_REVISION_CHANGE_COMPLETED
	}
	msg, err := library.RevisionMessage(&datelinev1.RevisionEvent{
		Change: change, ArticleId: stored.ID, Revision: int32(stored.Revision), Article: record,
		Time: timestamppb.Now(),
	}, record.GetLanguage(), record.GetHost())
	if err == nil {
		result.Publish = append(result.Publish, msg)
	}
	return err
}

// record stores a batch of outcomes in one transaction. Outcomes have no
// outcomes of their own.
func (ix *Indexer) record(ctx context.Context, inputs []*stage.Input) []stage.Result {
	results := make([]stage.Result, len(inputs))
	var batch []*datelinev1.Outcome
	var at []int // results[at[k]] belongs to batch[k]
	for i, input := range inputs {
		one := &datelinev1.Outcome{}
		if err := proto.Unmarshal(input.Data, one); err != nil {
			results[i] = malformed(input, "Outcome", err)
			continue
		}
		batch, at = append(batch, one), append(at, i)
	}
	start := time.Now()
	err := ix.store.Record(ctx, batch, ix.readers[subject.StreamOutcomes].Spans(ctx, inputs)...)
	ix.metrics.records.observe(len(batch), start)
	if err != nil {
		for _, i := range at {
			results[i].Err = storeFailure(fmt.Errorf("storing %d outcomes: %w", len(batch), err))
		}
	}
	return results
}

// skip commits an input that is not stored.
func (ix *Indexer) skip(ctx context.Context, input *stage.Input) {
	spans := ix.readers[input.Stream].Spans(ctx, []*stage.Input{input})
	if err := ix.store.ReplaceSpans(ctx, nil, spans); err != nil {
		ix.log.WarnContext(ctx, "committing a skipped message failed, \"dateline repair\" will read it again",
			"stream", input.Stream, "sequence", input.Sequence, "error", err)
	}
}

// storeFailure marks an error of the store. The messages wait in both cases; a damaged
// store needs a person.
func storeFailure(err error) error {
	if errors.Is(err, store.ErrDamaged) {
		return stage.Damaged(err)
	}
	return stage.Unavailable(err)
}

// malformed is the result for a message that is not of the expected type.
func malformed(input *stage.Input, want string, err error) stage.Result {
	return stage.Result{
		Outcome: &datelinev1.Outcome{InputId: input.MessageID()},
		Err: stage.Permanent(outcome.Malformed,
			fmt.Errorf("decoding message on %s: %w; publish dateline.v1.%s in binary form",
				input.Subject, err, want)),
	}
}
