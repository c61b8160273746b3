// Command traincharsets makes charset.model, the frequencies of letters by which package
// decode detects a charset, from the language models of github.com/pemistahl/lingua-go:
// the frequencies of letters and pairs of letters in a million sentences of news per
// language (Apache-2.0; texts from the Leipzig Corpora Collection).
package main

import (
	"archive/zip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"google.golang.org/protobuf/encoding/protowire"
)

// languages are those with pages in a legacy charset.
const languages = "ar be bg bs ca cs da de el es et eu fa fi fr ga he hr hu is it ja ko lt lv mk nb nl pl pt ro ru " +
	"sk sl sq sr sv th tr uk ur vi zh"

const (
	// stepsPerBit is the resolution of the model's costs.
	stepsPerBit = 2
	// minLetter and minPair are the probabilities below which a letter, or a pair of
	// letters given the first one, is left out.
	minLetter, minPair = 1.0 / (1 << 18), 1.0 / (1 << 12)
	// traditionalShare is the share of Chinese characters in traditional text that
	// simplified text does not have.
	traditionalShare = 0.35
	// maxModel is the maximum size of a model that is read, in bytes.
	maxModel = 16 << 20
)

func main() {
	models := flag.String("models", "", "`folder` language-models of github.com/pemistahl/lingua-go")
	output := flag.String("out", "charset.model", "`file` to write")
	flag.Parse()
	if err := run(*models, *output); err != nil {
		fmt.Fprintln(os.Stderr, "traincharsets:", err)
		os.Exit(1)
	}
}

func run(models, output string) error {
	var out strings.Builder
	for _, language := range strings.Fields(languages) {
		letters, err := read(filepath.Join(models, language, "unigrams.pb.bin.zip"))
		if err != nil {
			return fmt.Errorf("%w: pass the folder language-models of lingua-go as -models", err)
		}
		pairs, err := read(filepath.Join(models, language, "bigrams.pb.bin.zip"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // languages with a script of their own have letters only
			return err
		}
		write(&out, language, letters, pairs)
		if language == "zh" {
			write(&out, "zh-Hant", traditional(letters), nil)
		}
	}
	if err := os.WriteFile(output, []byte(out.String()), 0o644); err != nil { //nolint:gosec // no secret
		return fmt.Errorf("writing the model: %w", err)
	}
	return nil
}

// read returns the probability of each n-gram of a model, given all letters but the last.
func read(path string) (map[string]float64, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("opening the model: %w", err)
	}
	defer z.Close()
	if len(z.File) != 1 {
		return nil, fmt.Errorf("reading %s: %d files, not one", path, len(z.File))
	}
	f, err := z.File[0].Open()
	if err != nil {
		return nil, fmt.Errorf("opening the model: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxModel))
	if err != nil {
		return nil, fmt.Errorf("reading the model: %w", err)
	}
	all := map[string]float64{}
	err = eachField(data, func(number protowire.Number, _ uint64, set []byte) error {
		if number != 4 { // ngram_sets
			return nil
		}
		probability := 0.0
		return eachField(set, func(number protowire.Number, value uint64, ngram []byte) error {
			switch number {
			case 1:
				probability = math.Float64frombits(value)
			case 2:
				all[string(ngram)] = probability
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return all, nil
}

// eachField calls do with each field of a protobuf message: a number or bytes.
func eachField(message []byte, do func(number protowire.Number, value uint64, bytes []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var bytes []byte
		switch kind {
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(message)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := do(number, value, bytes); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}

// write writes a line for the letters of a language, and one for each letter with the
// letters that follow it. Pairs of ASCII letters are left out: they are the same in all
// charsets.
func write(out *strings.Builder, language string, letters, pairs map[string]float64) {
	next := map[string][]string{}
	for letter, p := range letters {
		if p >= minLetter {
			next[""] = append(next[""], letter+step(p))
		}
	}
	for pair, p := range pairs {
		first, size := utf8.DecodeRuneInString(pair)
		last, _ := utf8.DecodeLastRuneInString(pair)
		if p >= minPair && letters[pair[:size]] >= minLetter && (first >= utf8.RuneSelf || last >= utf8.RuneSelf) {
			next[pair[:size]] = append(next[pair[:size]], pair[size:]+step(p))
		}
	}
	for _, first := range slices.Sorted(maps.Keys(next)) {
		slices.Sort(next[first])
		fmt.Fprintf(out, "%s\t%s\t%s\n", language, first, strings.Join(next[first], ""))
	}
}

// step returns the cost of an event in steps, as one printable character.
func step(p float64) string {
	return string(rune('0' + int(math.Round(-math.Log2(p)*stepsPerBit))))
}

// traditional returns letters of traditional Chinese text. The source has few of such
// texts. Characters of both scripts keep their frequency, and the frequent characters of
// Big5 that simplified text does not have share the rest.
func traditional(simplified map[string]float64) map[string]float64 {
	inGB, inBig5 := simplifiedchinese.HZGB2312.NewEncoder(), traditionalchinese.Big5.NewEncoder()
	letters, own := map[string]float64{}, []string{}
	for r := rune(0x4e00); r <= 0x9fff; r++ {
		letter := string(r)
		code, err := inBig5.String(letter)
		if err != nil || code[0] > 0xc6 { // level 2 starts at C9
			continue
		}
		if _, err := inGB.String(letter); err != nil {
			own = append(own, letter)
		} else {
			letters[letter] = simplified[letter] * (1 - traditionalShare)
		}
	}
	for _, letter := range own {
		letters[letter] = traditionalShare / float64(len(own))
	}
	return letters
}
