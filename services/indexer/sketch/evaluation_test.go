package sketch

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/words"
)

// TestCorpus compares methods of finding copies on real texts that are not part
// of the repository, and verifies that the chosen method keeps its precision
// and recall. It makes copies of each text as other sites would. A pair that a
// method finds is correct if both documents belong to the same story.
//
// DATELINE_CORPUS names the folder of data sets. A quarter of their texts is measured, unless DATELINE_TEXTS is "all".
func TestCorpus(t *testing.T) {
	folder := os.Getenv("DATELINE_CORPUS")
	if folder == "" {
		t.Skip("DATELINE_CORPUS is not set: \"make corpus\" runs this test on the folder of its sets")
	}
	var texts [][]string // paragraphs of each text
	for _, set := range []string{"aeb-dev", "fundus-dev", "wcxb-dev"} {
		texts = append(texts, readTexts(t, filepath.Join(folder, set))...)
	}
	isPart := os.Getenv("DATELINE_TEXTS") != "all"
	if isPart {
		texts = texts[:len(texts)/4]
	}
	texts = withoutCopies(texts)
	random := rand.New(rand.NewPCG(7, 7))
	documents := []document{}
	for story, paragraphs := range texts {
		documents = append(documents, document{story, "original", strings.Join(paragraphs, "\n\n")})
		for _, name := range slices.Sorted(maps.Keys(copies)) {
			other := texts[random.IntN(len(texts))]
			documents = append(documents,
				document{story, name, strings.Join(copies[name](random, slices.Clone(paragraphs), other), "\n\n")})
		}
	}
	slices.SortStableFunc(documents, func(a, b document) int {
		return cmp.Or(cmp.Compare(a.story, b.story), cmp.Compare(a.copy, b.copy))
	})
	t.Logf("%d stories, %d documents", len(texts), len(documents))
	for _, method := range []struct {
		name  string
		pairs map[[2]int]bool
	}{
		{"SimHash, 64 bits, distance 3", simHashPairs(documents, 3)},
		{"SimHash, 64 bits, distance 8", simHashPairs(documents, 8)},
		{"MinHash, 64 values in 16 bands of 4", minHashPairs(documents, 16, 4)},
		{"MinHash, 64 values in 32 bands of 2, verified at 0.3", minHashPairs(documents, 32, 2)},
		{"bottom-64, 8 keys, resemblance and containment", sketchPairs(documents)},
	} {
		precision, recall, byCopy := judge(documents, method.pairs)
		t.Logf("%-52s precision %.4f, recall %.4f  %s", method.name, precision, recall, byCopy)
		if !isPart || !strings.HasPrefix(method.name, "bottom") {
			continue
		}
		if precision < minPrecision || recall < minRecall {
			t.Errorf("precision %.4f and recall %.4f, want at least %g and %g",
				precision, recall, minPrecision, minRecall)
		}
		if precision > minPrecision+closeness || recall > minRecall+closeness {
			t.Errorf("precision %.4f and recall %.4f: raise the floors of %g and %g", precision, recall,
				minPrecision, minRecall)
		}
	}
}

// minPrecision and minRecall are floors for the chosen method. They are at most closeness below what is measured,
// because a lower floor lets a loss pass.
const minPrecision, minRecall, closeness = 0.996, 0.910, 0.005

type document struct {
	story      int
	copy, text string
}

// copies holds the ways in which other sites alter a text.
var copies = map[string]func(random *rand.Rand, paragraphs, other []string) []string{
	"trimmed":   func(_ *rand.Rand, p, _ []string) []string { return p[:(len(p)+1)/2] },
	"headlined": func(_ *rand.Rand, p, o []string) []string { return append([]string{first(o, 12)}, p...) },
	"framed":    frame,
	"reordered": func(r *rand.Rand, p, _ []string) []string { shuffle(r, p); return p },
	"edited":    edit,
	"everything": func(r *rand.Rand, p, o []string) []string {
		p = frame(r, edit(r, p[:(2*len(p)+2)/3], o), o)
		shuffle(r, p)
		return p
	},
}

func shuffle(r *rand.Rand, p []string) { r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] }) }

func first(paragraphs []string, n int) string {
	f := strings.Fields(strings.Join(paragraphs, " "))
	return strings.Join(f[:min(n, len(f))], " ")
}

// boilerplate is text that a site adds around every article.
var boilerplate = []string{
	"Sign up to our newsletter and get the best of our reporting in your inbox every morning, free of charge.",
	"Read more of our coverage, share this story with your friends, and tell us what you think in the comments below.",
	"This story was supplied by a news agency and has not been edited by our staff, except for its headline.",
	"© All rights reserved. No part of this may be copied, stored or sent on in any form without our written consent.",
}

func frame(_ *rand.Rand, p, _ []string) []string {
	return slices.Concat(boilerplate[:2], p, boilerplate[2:])
}

// edit changes about one word in twenty-five, as a sub-editor would.
func edit(r *rand.Rand, p, _ []string) []string {
	for i, paragraph := range p {
		fields := strings.Fields(paragraph)
		for j := range fields {
			if r.IntN(25) == 0 {
				fields[j] = fmt.Sprintf("edit%d", r.IntN(1000))
			}
		}
		p[i] = strings.Join(fields, " ")
	}
	return p
}

func readTexts(t *testing.T, set string) [][]string {
	file, err := os.Open(filepath.Join(set, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all [][]string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var truth struct {
			Body     string `json:"body"`
			PageType string `json:"page_type"`
		}
		if err := json.Unmarshal(lines.Bytes(), &truth); err != nil {
			t.Fatal(err)
		}
		if truth.PageType != "" && truth.PageType != "article" || len(strings.Fields(truth.Body)) < 100 {
			continue
		}
		var paragraphs []string
		for _, p := range strings.Split(truth.Body, "\n") {
			if p = strings.TrimSpace(p); p != "" {
				paragraphs = append(paragraphs, p)
			}
		}
		all = append(all, paragraphs)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// withoutCopies drops texts that occur in the corpus more than once. Two texts
// are duplicates if they share more than a fifth of the shingles of the shorter
// text, counted exactly rather than with sketches.
func withoutCopies(texts [][]string) [][]string {
	var kept [][]string
	var sets []map[uint64]bool
	for _, text := range texts {
		set := map[uint64]bool{}
		for _, h := range allShingles(strings.Join(text, "\n\n")) {
			set[h] = true
		}
		if !slices.ContainsFunc(sets, func(other map[uint64]bool) bool {
			common := 0
			for h := range set {
				if other[h] {
					common++
				}
			}
			return 5*common > min(len(set), len(other))
		}) {
			kept, sets = append(kept, text), append(sets, set)
		}
	}
	return kept
}

func fold(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for w := range words.In(text) {
			if !yield(w.Folded) {
				return
			}
		}
	}
}

func allShingles(text string) []uint64 {
	var last []string
	var all []uint64
	for w := range fold(text) {
		if last = append(last, w); len(last) >= shingleWords {
			all = append(all, mix(hashString(strings.Join(last[len(last)-shingleWords:], " "))))
		}
	}
	return all
}

// judge returns the precision and recall of the pairs, and the recall by the way
// in which the copies were made.
func judge(documents []document, pairs map[[2]int]bool) (precision, recall float64, byCopy string) {
	right := 0
	found := map[string]int{}
	wanted := map[string]int{}
	for pair := range pairs {
		if documents[pair[0]].story == documents[pair[1]].story {
			right++
		}
	}
	total := 0
	for i, a := range documents {
		for j := i + 1; j < len(documents) && documents[j].story == a.story; j++ {
			total++
			if b := documents[j]; a.copy == "original" || b.copy == "original" {
				name := a.copy
				if name == "original" {
					name = b.copy
				}
				wanted[name]++
				if pairs[[2]int{i, j}] {
					found[name]++
				}
			}
		}
	}
	var parts []string
	for name := range wanted {
		parts = append(parts, fmt.Sprintf("%s %.3f", name, float64(found[name])/float64(wanted[name])))
	}
	slices.Sort(parts)
	return float64(right) / float64(max(1, len(pairs))), float64(right) / float64(total), strings.Join(parts, ", ")
}
