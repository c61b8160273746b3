package store_test

import (
	"errors"
	"slices"
	"testing"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func testErase(t *testing.T, b backend) {
	s := b.open(t)
	a := article("a", "Secret headline", joined(prose(1, 6)...), after(1))
	a.RequestedUrl = "https://sho.rt/a"
	a.RawPage = &datelinev1.RawPage{Stream: "PAGES", Sequence: 7}
	changed := article("a", "Secret headline, changed", joined(prose(1, 6)...), after(2))
	changed.RawPage = &datelinev1.RawPage{Stream: "PAGES", Sequence: 9}
	put(t, s, a, article("b", "B", joined(prose(2, 6)...), after(1)))
	put(t, s, changed)

	got, err := s.Erase(t.Context(), "https://sho.rt/a")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got.URLs)
	if got.ID != "id-a" || got.Host != "example.com" || got.Revisions != 2 ||
		!slices.Equal(got.URLs, []string{"https://example.com/a", "https://sho.rt/a"}) ||
		len(got.Pages) != 2 || got.Pages[0].GetSequence()+got.Pages[1].GetSequence() != 16 {
		t.Errorf("erased %+v; want id-a with two revisions, two URLs and the pages 7 and 9", got)
	}
	wantErased(t, s)
	if _, err := s.Erase(t.Context(), "id-nothing"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("erasing an unknown article: error %v, want ErrNotFound", err)
	}
	// The outcomes of an erased article do not include those of other erased ones.
	put(t, s, article("gone", "Gone", "Gone.", after(1)))
	if _, err := s.Erase(t.Context(), "id-gone"); err != nil {
		t.Fatal(err)
	}
	record(t, s,
		&datelinev1.Outcome{Stage: datelinev1.Stage_STAGE_FETCH, InputId: "1", Url: "https://example.com/a"},
		&datelinev1.Outcome{Stage: datelinev1.Stage_STAGE_FETCH, InputId: "2", Url: "https://example.com/gone"})
	outcomes, err := s.Outcomes(t.Context(), "https://sho.rt/a")
	if err != nil || len(outcomes) != 1 || outcomes[0].GetInputId() != "1" {
		t.Errorf("outcomes of the erased article: %v, %v; want only that of input 1", outcomes, err)
	}
}

// wantErased checks that id-a was erased, and that one other article is stored.
func wantErased(t *testing.T, s store.Store) {
	t.Helper()
	wantStats(t, s, 1, 1)
	wantNames(t, "secret", find(t, s, "secret"))
	wantRevisions(t, s, "id-a")
	for _, name := range []string{"id-a", "https://example.com/a", "https://sho.rt/a"} {
		if _, err := s.Article(t.Context(), name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("reading %s after it was erased: error %v, want ErrNotFound", name, err)
		}
		again, err := s.Erase(t.Context(), name)
		if err != nil || again.ID != "id-a" || again.Host != "example.com" || again.Revisions != 0 ||
			len(again.URLs) != 2 || again.URLs[0] != "https://example.com/a" {
			t.Errorf("erasing %s again: %+v, %v; want its URLs and no revisions", name, again, err)
		}
	}
}

func testErasedStaysErased(t *testing.T, b backend) {
	dsn := b.newDSN(t)
	s := reopen(t, dsn)
	a := article("a", "Secret headline", joined(prose(1, 6)...), after(1))
	a.RequestedUrl = "https://sho.rt/a"
	put(t, s, a, article("b", "B", joined(prose(2, 6)...), after(1)))
	put(t, s, article("a", "Secret headline, changed", joined(prose(1, 6)...), after(2)))
	if _, err := s.Erase(t.Context(), "https://sho.rt/a"); err != nil {
		t.Fatal(err)
	}
	// The article is not stored again, whether unchanged, changed, or with another id and
	// the same URL, nor after the store was reopened.
	otherID := article("c", "Secret", "x", after(3))
	otherID.CanonicalUrl, otherID.FinalUrl = "https://example.com/a", "https://example.com/a"
	otherID.RequestedUrl = "https://example.com/a"
	redirected := article("d", "Secret", "x", after(3))
	redirected.FinalUrl = "https://example.com/a"
	for range 2 {
		statuses := put(t, s, a, article("a", "Secret, new", "y", after(9)), otherID, redirected)
		wantStatuses(t, statuses, store.Erased, store.Erased, store.Erased, store.Erased)
		wantErased(t, s)
		s = reopen(t, dsn)
	}
	// The short link may lead elsewhere.
	other := article("e", "Elsewhere", joined(prose(3, 6)...), after(4))
	other.RequestedUrl = "https://sho.rt/a"
	wantStatuses(t, put(t, s, other), store.New)
	wantStory(t, s, "id-e")
	wantStats(t, s, 2, 2)
}
