package archiver

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dateline-news/dateline/internal/stage"
)

// pageBytes is the size of the pages that are measured, in bytes.
const pageBytes = 30_000

// prose returns HTML of pageBytes whose words are drawn at random, so that it compresses as
// text does.
func prose(seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 1))
	var out bytes.Buffer
	out.WriteString("<!doctype html><html><body>")
	for out.Len() < pageBytes {
		out.WriteString("<p class=\"text\">")
		for range 40 {
			// Few words are frequent, and many are rare.
			word := uint64(random.ExpFloat64() * 400)
			fmt.Fprintf(&out, "%s ", spell(word*2654435761))
		}
		out.WriteString("</p>\n")
	}
	return out.String()[:pageBytes]
}

// spell returns a word for a number.
func spell(number uint64) string {
	const syllables = "karetiloshunevadimoperusti"
	var word []byte
	for number %= 1 << 20; len(word) < 3 || number > 0; number /= 13 {
		at := number % 13 * 2
		word = append(word, syllables[at:at+2]...)
	}
	return string(word)
}

// BenchmarkArchive writes pages of 30 KB in batches, with the syncs of the file and the
// index. It reports the pages for each second of processor time.
func BenchmarkArchive(b *testing.B) {
	room := newRoom(b)
	a := room.archiver(b, room.config())
	defer a.Close()
	const different = 64
	bodies := make([]string, different)
	for i := range bodies {
		bodies[i] = prose(uint64(i))
	}
	var inputs []*stage.Input
	b.SetBytes(pageBytes)
	var used time.Duration
	for i := 0; b.Loop(); i++ {
		id := fmt.Sprintf("p%d", i)
		b.StopTimer()
		inputs = append(inputs, input(b, page(b, id, "http://example.com/"+id, bodies[i%different])))
		b.StartTimer()
		if len(inputs) < batchSize {
			continue
		}
		before := processorTime(b)
		for _, result := range a.handle(b.Context(), inputs) {
			if result.Err != nil {
				b.Fatal(result.Err)
			}
		}
		used += processorTime(b) - before
		inputs = inputs[:0]
	}
	b.ReportMetric(float64(b.N/batchSize*batchSize)/used.Seconds(), "pages/cpu-s")
}

func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
