package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// outcomesOfPage returns the outcomes of a page that became an article.
func outcomesOfPage(page int, at time.Time) []*datelinev1.Outcome {
	host := fmt.Sprintf("site%d.example", page%2000)
	url := fmt.Sprintf("https://%s/news/2026/11/25/a-headline-of-the-usual-length-%d", host, page)
	request := fmt.Sprintf("%d-%013x", 1_000_000+page, page*2654435761) // ids have the usual lengths
	fetch := fmt.Sprintf("%s.%016x", request, page)
	var all []*datelinev1.Outcome
	for stage, ids := range map[datelinev1.Stage][2]string{
		datelinev1.Stage_STAGE_INTAKE: {request, ""}, datelinev1.Stage_STAGE_FETCH: {fetch, fetch},
		datelinev1.Stage_STAGE_EXTRACT: {fetch, fetch}, datelinev1.Stage_STAGE_INDEX: {fetch, fmt.Sprintf("%064x", page)},
	} {
		all = append(all, &datelinev1.Outcome{
			InputId: ids[0], OutputId: ids[1], Stage: stage, Verdict: datelinev1.Verdict_VERDICT_PRODUCED,
			Url: url, Host: host, RequestId: request, Attempt: 1,
			Time: timestamppb.New(at), Duration: durationpb.New(123 * time.Millisecond),
		})
	}
	return all
}

// BenchmarkOutcomeSize measures the disk that an outcome takes, with the indexes.
func BenchmarkOutcomeSize(b *testing.B) {
	const pages, batch = 25_000, 50
	for kind, kept := range map[string]backend{"sqlite": sqliteBackend, "postgres": postgresBackend} {
		b.Run(kind, func(b *testing.B) {
			dsn := kept.newDSN(b)
			s := reopen(b, dsn)
			bytes := func() int64 {
				size, err := s.Size(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				return size.Bytes
			}
			before, stored := bytes(), 0
			for b.Loop() {
				for range pages / batch {
					var outcomes []*datelinev1.Outcome
					for range batch {
						stored++
						outcomes = append(outcomes, outcomesOfPage(stored, noon.Add(time.Duration(stored)*10*time.Millisecond))...)
					}
					if err := s.Record(b.Context(), outcomes); err != nil {
						b.Fatal(err)
					}
				}
			}
			if strings.HasPrefix(dsn, "sqlite:") { // without the write-ahead log
				s = compacted(b, dsn)
			}
			b.ReportMetric(float64(bytes()-before)/float64(4*stored), "bytes/outcome")
		})
	}
}

// compacted returns the copy of a store that a backup makes.
func compacted(b *testing.B, dsn string) store.Store {
	b.Helper()
	path := strings.TrimPrefix(dsn, "sqlite:")
	copied := path + ".copy"
	if err := store.BackupSQLite(b.Context(), path, copied); err != nil {
		b.Fatal(err)
	}
	return reopen(b, copied)
}
