package warc_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/dateline-news/dateline/internal/warc"
)

const arcInfo = "filedesc://news.arc 0.0.0.0 20261101102030 text/plain 76\n" +
	"1 0 Dateline\nURL IP-address Archive-date Content-type Archive-length\n\n\n\n\n\n\n\n"

// withLF replaces the line ends of a record's own header.
func withLF(record string) string {
	header, block, _ := strings.Cut(record, "\r\n\r\n")
	return strings.ReplaceAll(header, "\r\n", "\n") + "\n\n" + block
}

// TestFormats reads three records from each kind of file. Reading again from the offset
// of a record must return that record.
func TestFormats(t *testing.T) {
	places := []string{"oslo", "lima", "pune"}
	join := func(wrap, of func(string) string) string {
		var all strings.Builder
		for _, p := range places {
			all.WriteString(wrap(of(p)))
		}
		return all.String()
	}
	as := func(text string) string { return text }
	plain := join(as, record)
	frame := func(text string) string { return zst(t, text) }
	dictionary, err := zstd.BuildDict(zstd.BuildDictOptions{
		ID: 7, History: []byte(page("oslo")), Offsets: [3]int{1, 4, 8},
		Contents: [][]byte{[]byte(record("oslo")), []byte(record("lima")), []byte(record("pune"))},
	})
	if err != nil {
		t.Fatal(err)
	}
	withDictionary := func(text string) string { return zst(t, text, zstd.WithEncoderDict(dictionary)) }
	withContent := func(text string) string { return zst(t, text, zstd.WithEncoderDictRaw(0, []byte(page("oslo")))) }
	skippable := func(content string) string {
		head := binary.LittleEndian.AppendUint32(nil, 0x184d2a5d)
		return string(binary.LittleEndian.AppendUint32(head, uint32(len(content)))) + content
	}
	for name, test := range map[string]struct {
		file string
		// whole means that records do not start at members of their own.
		whole bool
	}{
		"plain":                 {file: plain},
		"plain, LF":             {file: join(withLF, record)},
		"gzip":                  {file: join(gz, record)},
		"gzip, one member":      {gz(plain), true},
		"gzip, two halves":      {gz(record("oslo")+record("lima")) + gz(record("pune")), true},
		"gzip, padded":          {file: join(gz, record) + strings.Repeat("\x00", 600)},
		"gzip, empty members":   {file: gz("") + join(func(s string) string { return gz(s) + gz("") }, record)},
		"zstd":                  {file: join(frame, record)},
		"zstd, one frame":       {frame(plain), true},
		"zstd, no checksum":     {file: join(func(s string) string { return zst(t, s, zstd.WithEncoderCRC(false)) }, record)},
		"zstd, skippable frame": {file: "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + join(frame, record)},
		"zstd, dictionary":      {skippable(string(dictionary)) + join(withDictionary, record), true},
		"zstd, dictionary frame": {
			skippable(frame(string(dictionary))) + join(withDictionary, record), true,
		},
		"zstd, dictionary of content": {skippable(page("oslo")) + join(withContent, record), true},
		"arc":                         {file: arcInfo + join(as, arcRecord)},
		"arc, gzip":                   {file: gz(arcInfo) + join(gz, arcRecord)},
		"arc, one member":             {gz(arcInfo + join(as, arcRecord)), true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []io.Reader{strings.NewReader(test.file), iotest.OneByteReader(strings.NewReader(test.file))} {
				got := read(t, file)
				if !slices.Equal(got.places, places) || len(got.damages) > 0 {
					t.Fatalf("read %v with damages %v", got.places, got.damages)
				}
				for i, at := range got.offsets {
					again := read(t, strings.NewReader(test.file[at:]))
					if want := places[i:]; !test.whole && !slices.Equal(again.places, want) {
						t.Errorf("read %v from byte %d, want %v", again.places, at, want)
					}
				}
			}
		})
	}
}

// TestDamage reads files with a broken part. Everything after it must be read, and the
// damage must be reported with its place.
func TestDamage(t *testing.T) {
	oslo, lima, pune := record("oslo"), record("lima"), record("pune")
	cut := func(text string) string { return text[:len(text)*2/3] }
	flip := func(text string) string {
		b := []byte(text)
		b[len(b)-20] ^= 0xff
		return string(b)
	}
	// stored is a member that is not compressed and has a wrong letter.
	stored := func(text string) string {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text) // a buffer accepts everything
		_ = w.Close()
		return strings.Replace(b.String(), "News", "Mews", 1)
	}
	long, short := recordOf("lima", page("lima"), len(page("lima"))+900), recordOf("lima", page("lima"), 300)
	frames := func(parts ...string) string {
		var file strings.Builder
		for _, p := range parts {
			file.WriteString(zst(t, p))
		}
		return file.String()
	}
	for name, test := range map[string]struct {
		file   string
		places string
		reason string
		offset int
	}{
		"gzip, cut member":   {gz(oslo) + cut(gz(lima)) + gz(pune), "oslo pune", "compressed data", len(gz(oslo))},
		"gzip, flipped bits": {gz(oslo) + flip(gz(lima)) + gz(pune), "oslo pune", "compressed data", len(gz(oslo))},
		"gzip, checksum":     {gz(oslo) + stored(lima) + gz(pune), "oslo pune", "invalid checksum", len(gz(oslo))},
		"gzip, cut file":     {gz(oslo) + cut(gz(lima)), "oslo", "ends too early", len(gz(oslo))},
		"gzip, garbage": {
			gz(oslo) + strings.Repeat("rubbish", 99) + gz(pune), "oslo pune", "skipped 693 bytes", len(gz(oslo)),
		},
		"gzip, garbage at end": {gz(oslo) + "rubbish", "oslo", "the last 7 bytes", len(gz(oslo))},
		"gzip, lacks its start": {
			gz(oslo)[50:] + gz(lima), "lima", fmt.Sprintf("skipped %d bytes", len(gz(oslo))-50), 0,
		},
		"gzip, other content": {gz(oslo) + gz("rubbish\n") + gz(lima), "oslo lima", "skipped 8 bytes", len(gz(oslo))},
		"gzip, long length":   {gz(oslo) + gz(long) + gz(pune), "oslo pune", "its length is wrong", len(gz(oslo))},
		"gzip, short length": {
			gz(oslo) + gz(short) + gz(pune), "oslo pune", "the length of the record is wrong", len(gz(oslo)),
		},
		"zstd, cut frame": {
			frames(oslo) + cut(frames(lima)) + frames(pune), "oslo pune", "compressed data", len(frames(oslo)),
		},
		"zstd, flipped bits": {
			frames(oslo) + flip(frames(lima)) + frames(pune), "oslo pune", "compressed data", len(frames(oslo)),
		},
		"zstd, garbage":       {frames(oslo) + "rubbish" + frames(pune), "oslo pune", "skipped 7 bytes", len(frames(oslo))},
		"plain, short length": {oslo + short + pune, "oslo pune", "the length of the record is wrong", len(oslo)},
		"plain, cut file":     {oslo + cut(lima), "oslo", "the file is cut", len(oslo)},
		"plain, cut header":   {oslo + lima[:100], "oslo", "ends within its header", len(oslo)},
		"plain, garbage":      {"rubbish\n" + oslo + "rubbish\nmore\n" + pune, "oslo pune", "skipped 8 bytes", 0},
		"no length": {
			oslo + strings.Replace(lima, "Content-Length", "Content-Size", 1) + pune, "oslo pune", "no valid Content-Length",
			len(oslo),
		},
		"negative length": {oslo + recordOf("lima", "x", -1) + pune, "oslo pune", `Content-Length: "-1"`, len(oslo)},
		"huge length":     {oslo + recordOf("lima", "x", 1<<62), "oslo", "of 4611686018427387904 bytes", len(oslo)},
		"large header": {
			oslo + strings.Replace(lima, "WARC-Date", strings.Repeat("X-Long: value\r\n", 9_000)+"WARC-Date", 1) + pune,
			"oslo pune", "more than 65536 bytes", len(oslo),
		},
		"long line": {
			oslo + strings.Replace(lima, "WARC-Date", "X-Long: "+strings.Repeat("v", 200_000)+"\r\nWARC-Date", 1) + pune,
			"oslo pune", "more than 65536 bytes", len(oslo),
		},
		"arc": {
			arcInfo + arcRecord("oslo") + "rubbish\n" + arcRecord("pune"), "oslo pune", "skipped 8 bytes",
			len(arcInfo + arcRecord("oslo")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, strings.NewReader(test.file))
			if strings.Join(got.places, " ") != test.places || len(got.damages) == 0 {
				t.Fatalf("read %v with damages %v, want %s", got.places, got.damages, test.places)
			}
			if first := got.damages[0]; first.Offset != int64(test.offset) || !strings.Contains(first.Error(), test.reason) {
				t.Errorf("damage %v, want %q at byte %d", first, test.reason, test.offset)
			}
			t.Log(got.damages)
		})
	}
}

// TestMembersOfAnySize verifies that records are read from files whose compressed members, as those of bgzip,
// begin and end anywhere in them.
func TestMembersOfAnySize(t *testing.T) {
	plain := record("oslo") + record("pune") + record("lima")
	arc := arcRecord("oslo") + arcRecord("pune") + arcRecord("lima")
	for name, compress := range map[string]func(string) string{
		"gzip": gz, "zstd": func(text string) string { return zst(t, text) },
	} {
		for size := 40; size <= len(plain); size += size / 3 {
			for format, text := range map[string]string{"WARC": plain, "ARC": arc} {
				if size < 80 && format == "ARC" { // whose first line identifies it
					continue
				}
				var file strings.Builder
				for member := range slices.Chunk([]byte(text), size) {
					file.WriteString(compress(string(member)))
				}
				got := read(t, strings.NewReader(file.String()+compress("")))
				if want := []string{"oslo", "pune", "lima"}; !slices.Equal(got.places, want) || len(got.damages) > 0 {
					t.Errorf("%s, %s, members of %d bytes: read %q with damages %v, want %q",
						format, name, size, got.places, got.damages, want)
				}
			}
		}
	}
}

// TestLargeRecordIsSkipped skips a record of 2 GB in a small file.
func TestLargeRecordIsSkipped(t *testing.T) {
	const size = 2 << 30
	if testing.Short() {
		t.Skip("decompresses 2 GB")
	}
	huge, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, strings.Split(recordOf("lima", "", size), "\r\n\r\n")[0]+"\r\n\r\n")
		zeros := make([]byte, 1<<20)
		for left := size; left > 0 && err == nil; left -= len(zeros) {
			_, err = w.Write(zeros)
		}
		w.CloseWithError(err)
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rest := strings.NewReader("\r\n\r\n" + record("pune"))
	r := warc.NewReader(io.MultiReader(strings.NewReader(record("oslo")), huge, rest))
	defer r.Close()
	var places []string
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, rec.URI())
	}
	runtime.ReadMemStats(&after)
	if len(places) != 3 || places[2] != "https://pune.example/" {
		t.Errorf("read %v, want the records before and after the large one", places)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("skipping allocated %d bytes", used)
	}
}

// TestReadErrors reads from a file that fails.
func TestReadErrors(t *testing.T) {
	failure := errors.New("device lost")
	text := record("oslo")
	for name, file := range map[string]string{"plain": text, "gzip": gz(text), "zstd": zst(t, text)} {
		for _, at := range []int{0, 10, len(file) / 2, len(file)} {
			r := warc.NewReader(io.MultiReader(strings.NewReader(file[:at]), iotest.ErrReader(failure)))
			_, err := r.Next()
			if at == len(file) && err != nil {
				t.Errorf("%s: the record before the failure was not read: %v", name, err)
			}
			for range 3 {
				if _, again := r.Next(); again != nil {
					err = again
				}
			}
			if !errors.Is(err, failure) {
				t.Errorf("%s, after %d bytes: %v, want the error of the file", name, at, err)
			}
			r.Close()
		}
	}
}

// TestForeignFiles reads files of other programs, good and broken. DATELINE_WARC names
// their folder.
func TestForeignFiles(t *testing.T) {
	dir := cmp.Or(os.Getenv("DATELINE_WARC"), filepath.Join("..", "..", "..", "shared", "data", "warc"))
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no WARC files at %s: set DATELINE_WARC to a folder of them to run this test", dir)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*warc*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no WARC files in %s: %v", dir, err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := warc.NewReader(f)
		defer r.Close()
		records, damages := map[string]int{}, []string{}
		for {
			rec, err := r.Next()
			if damage, ok := errors.AsType[*warc.DamageError](err); ok {
				damages = append(damages, damage.Error())
				continue
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			records[rec.Type()]++
			block, err := io.ReadAll(rec.Block)
			if err == nil && strings.HasPrefix(rec.Header.Get("Content-Type"), "application/http") &&
				(rec.Type() == warc.TypeResponse || rec.Type() == warc.TypeRevisit) {
				if _, err := warc.ParseResponse(block); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if len(records) == 0 {
			t.Errorf("%s has no records: %v", name, damages)
		}
		t.Logf("%s: %v, damages %q", filepath.Base(name), records, damages)
	}
}
