package store

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

const (
	// windowVariable sets the number of articles a day of TestCopiesInALargeWindow.
	windowVariable       = "DATELINE_COPIES"
	defaultWindowPerDay  = 30_000
	windowDays, window   = 4, 72 * time.Hour
	peakShare, peakHours = 4.32, 2 // 500 a second at a mean of 116, in two hours of a day

	// commonPerText is how many of a text's keys also occur in others by chance, and commonTexts in how many texts of a
	// day at ten million a day each of these keys occurs. The probability that two texts share a key is then that of
	// real ones, 158 of a million (decision 10). All common keys are equally common, which is the worst case: the same
	// probability with a few very common keys spoils fewer texts.
	commonPerText, commonTexts = 1.58, 1_000

	// sharedKey is the probability that a copy has a key of its original, if three tenths of all shingles are common, the
	// least that makes two texts copies: 0.3 of the union is 0.46 of each text.
	sharedKey = 0.46
	// minWindowRecall is the share of such copies that must be found.
	minWindowRecall = 0.85
)

// TestCopiesInALargeWindow fills the window of copies at the rate of ten million articles a day, with peaks of 500 a
// second, and looks for originals of all ages up to 72 hours. In the suite there are fewer articles, and each common
// key occurs in as many of them as it would in thirty million.
func TestCopiesInALargeWindow(t *testing.T) {
	perDay := defaultWindowPerDay
	if text := os.Getenv(windowVariable); text != "" {
		var err error
		if perDay, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	f := newWindowFill(perDay)
	start := time.Now()
	f.run()
	filled := time.Since(start)
	held := f.index.window()
	if held.Length > window || held.Length < window-time.Minute {
		t.Errorf("the window has articles of %s, want %s", held.Length, window)
	}
	const copies = 20_000
	found, sharing := 0, 0
	start = time.Now()
	for range copies {
		age := 1 + f.random.IntN(held.Articles-1)
		original := f.number - int64(age)
		keys, shared := f.copyOf(original)
		sharing += min(1, shared)
		for _, row := range closestRows(keys, f.index.rowsOf) {
			if row == original {
				found++
			}
		}
	}
	recall := float64(found) / copies
	t.Logf("%d articles in the window, filled in %s: of %d copies, %.4f share a key with the original and %.4f are "+
		"found, in %s each", held.Articles, filled.Round(time.Second), copies, float64(sharing)/copies, recall,
		(time.Since(start) / copies).Round(time.Microsecond))
	if recall < minWindowRecall {
		t.Errorf("%.4f of the copies are found, want %g", recall, minWindowRecall)
	}
}

// windowFill fills a window of copies. All keys of an article follow from its number.
type windowFill struct {
	index  *keyIndex
	perDay int
	common int // number of common keys
	number int64
	random *rand.Rand
}

func newWindowFill(perDay int) *windowFill {
	return &windowFill{
		index:  newKeyIndex(CopyLimits{Window: window, Articles: MaxCopyArticles}),
		perDay: perDay, common: int(commonPerText * float64(perDay) / commonTexts),
		random: rand.New(rand.NewPCG(3, 3)),
	}
}

// run adds the articles of windowDays.
func (f *windowFill) run() {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	quiet := (24 - peakShare*peakHours) / (24 - peakHours)
	for hour := range windowDays * 24 {
		share := quiet
		if hour%24 >= 8 && hour%24 < 8+peakHours {
			share = peakShare
		}
		n := int(math.Round(share * float64(f.perDay) / 24))
		for i := range n {
			at := now.Add(time.Duration(i) * time.Hour / time.Duration(n)).UnixMicro()
			f.number++
			f.index.add(recentKeys{number: f.number, time: at, row: f.number, keys: encodeKeys(f.keysOf(f.number))})
			f.index.seen(at, f.number)
		}
		now = now.Add(time.Hour)
	}
}

// keysOf returns the keys of an article.
func (f *windowFill) keysOf(number int64) []uint64 {
	random := rand.New(rand.NewPCG(uint64(number), 1))
	keys := make([]uint64, keysPerArticle)
	for i := range keys {
		keys[i] = f.key(random)
	}
	return keys
}

// key returns a key, which is a common one with the probability that a key is.
func (f *windowFill) key(random *rand.Rand) uint64 {
	if random.Float64() < commonPerText/keysPerArticle {
		return mixKey(uint64(random.IntN(f.common)) + 1)
	}
	return random.Uint64()
}

// copyOf returns the keys of a copy of an article, and how many of them are those of the article.
func (f *windowFill) copyOf(number int64) (keys []uint64, shared int) {
	keys = f.keysOf(number)
	for i := range keys {
		if f.random.Float64() < sharedKey {
			shared++
			continue
		}
		keys[i] = f.key(f.random)
	}
	return keys, shared
}

// mixKey spreads small numbers.
func mixKey(n uint64) uint64 { return rand.New(rand.NewPCG(n, 2)).Uint64() }

func encodeKeys(keys []uint64) []byte {
	data := make([]byte, 0, keyBytes*len(keys))
	for _, key := range keys {
		data = binary.BigEndian.AppendUint64(data, key)
	}
	return data
}
