package article_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article"
)

func TestBylines(t *testing.T) {
	t.Parallel()
	for byline, want := range map[string][]string{
		"By Maud Pettifer and Ned Ossery":                    {"Maud Pettifer", "Ned Ossery"},
		"Por Inés Calderara y Lucía Berenguela":              {"Inés Calderara", "Lucía Berenguela"},
		"Por Santiago Bermejo y Cajal":                       {"Santiago Bermejo y Cajal"},
		"Por Inés Calderara, Lucía Berenguela y Noé Ortigal": {"Inés Calderara", "Lucía Berenguela", "Noé Ortigal"},
		"Por Inés Ortega y Gasset y Lucía Berenguela":        {"Inés Ortega y Gasset", "Lucía Berenguela"},
		"By Antoni Moragues i Cornet":                        {"Antoni Moragues i Cornet"},
		"Por Rui Vaz e Silva":                                {"Rui Vaz e Silva"},
		"Por Rui Tavoral e Joana Meireda":                    {"Rui Tavoral", "Joana Meireda"},
		"Door Jan Kuipersma en Anna Veldring":                {"Jan Kuipersma", "Anna Veldring"},
	} {
		t.Run(byline, func(t *testing.T) {
			t.Parallel()
			a, err := article.Extract(t.Context(), article.Page{Body: []byte(pageWith("<div class=byline>" +
				byline + "</div>" + strings.Repeat(paragraph, 4)))}, article.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, author := range a.Authors {
				got = append(got, author.Name)
			}
			if !slices.Equal(got, want) {
				t.Errorf("authors are %q, want %q", got, want)
			}
		})
	}
}
