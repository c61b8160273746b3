package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

func testSavedSearches(t *testing.T, b backend) {
	s := b.open(t)
	ferry, err := s.SaveSearch(t.Context(), " Ferry  news\n", "q=ferry&language=en")
	if err != nil || ferry.Name != "Ferry news" || ferry.ID == "" {
		t.Fatalf("saved %+v, %v", ferry, err)
	}
	coast, err := s.SaveSearch(t.Context(), "Coast", "section=Coast")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.SavedSearches(t.Context()); err != nil || !slices.Equal(got, []store.SavedSearch{coast, ferry}) {
		t.Errorf("saved searches %+v, %v; want %+v and %+v", got, err, coast, ferry)
	}
	for _, c := range [][2]string{
		{"Coast", "q=other"}, {" \n", "q=x"}, {strings.Repeat("x", 201), "q=x"}, {"Long", strings.Repeat("x", 40_000)},
	} {
		if _, err := s.SaveSearch(t.Context(), c[0], c[1]); !errors.Is(err, store.ErrSavedSearch) {
			t.Errorf("saving %.20q: %v, want ErrSavedSearch", c[0], err)
		}
	}
	if err := s.DeleteSavedSearch(t.Context(), coast.ID); err != nil {
		t.Error(err)
	}
	if err := s.DeleteSavedSearch(t.Context(), coast.ID); !errors.Is(err, store.ErrNoSavedSearch) {
		t.Errorf("deleting it again: %v, want ErrNoSavedSearch", err)
	}
	for i := range 500 {
		if _, err = s.SaveSearch(t.Context(), fmt.Sprint("Search ", i), "q=x"); err != nil {
			break
		}
	}
	if all, _ := s.SavedSearches(t.Context()); len(all) != 500 || !errors.Is(err, store.ErrSavedSearch) {
		t.Errorf("%d searches could be saved, then %v; want 500, then ErrSavedSearch", len(all), err)
	}
}
