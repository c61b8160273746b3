package sketch

import "math/bits"

// pairsWithin returns the pairs of documents that share a key and pass the
// test.
func pairsWithin(keys [][]uint64, test func(i, j int) bool) map[[2]int]bool {
	byKey := map[uint64][]int{}
	pairs := map[[2]int]bool{}
	for j, of := range keys {
		for _, k := range of {
			for _, i := range byKey[k] {
				if i != j && !pairs[[2]int{i, j}] && test(i, j) {
					pairs[[2]int{i, j}] = true
				}
			}
			byKey[k] = append(byKey[k], j)
		}
	}
	return pairs
}

func sketchPairs(documents []document) map[[2]int]bool {
	sketches := make([]Sketch, len(documents))
	keys := make([][]uint64, len(documents))
	for i, d := range documents {
		sketches[i] = Of(fold(d.text))
		keys[i] = sketches[i].Keys()
	}
	return pairsWithin(keys, func(i, j int) bool { return sketches[i].Copies(sketches[j]) })
}

// simHashPairs finds pairs with M. Charikar's SimHash over the shingles, whose
// hashes differ in few bits for near duplicates (G. Manku and others, 2007: at
// most 3).
func simHashPairs(documents []document, distance int) map[[2]int]bool {
	hashes := make([]uint64, len(documents))
	for i, d := range documents {
		var votes [64]int
		for _, h := range allShingles(d.text) {
			for b := range votes {
				votes[b] += int(h>>b&1)*2 - 1
			}
		}
		for b, v := range votes {
			if v > 0 {
				hashes[i] |= 1 << b
			}
		}
	}
	pairs := map[[2]int]bool{}
	for j := range documents {
		for i := range j {
			if bits.OnesCount64(hashes[i]^hashes[j]) <= distance {
				pairs[[2]int{i, j}] = true
			}
		}
	}
	return pairs
}

// minHashPairs finds pairs with MinHash and locality-sensitive hashing: pairs
// that share a band of values and agree in at least half of all values, or in
// 0.3 of them with bands of two rows.
func minHashPairs(documents []document, bands, rows int) map[[2]int]bool {
	signatures := make([][]uint64, len(documents))
	keys := make([][]uint64, len(documents))
	for i, d := range documents {
		signature := make([]uint64, bands*rows)
		for k := range signature {
			signature[k] = 1<<64 - 1
		}
		for _, h := range allShingles(d.text) {
			for k := range signature {
				signature[k] = min(signature[k], mix(h^uint64(k+1)*0x9e3779b97f4a7c15))
			}
		}
		signatures[i] = signature
		for b := range bands {
			key := uint64(b)
			for _, v := range signature[b*rows : (b+1)*rows] {
				key = mix(key*31 + v)
			}
			keys[i] = append(keys[i], key)
		}
	}
	threshold := 0.5
	if rows == 2 {
		threshold = 0.3
	}
	return pairsWithin(keys, func(i, j int) bool {
		equal := 0
		for k := range signatures[i] {
			if signatures[i][k] == signatures[j][k] {
				equal++
			}
		}
		return float64(equal) >= threshold*float64(bands*rows)
	})
}
