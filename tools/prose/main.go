// Command prose prepares the project's texts for reading, by a checker or by a person:
//
//	prose mirror [flags]    writes the comments and texts of each Go file to a text file
//	prose sample [flags]    prints comment blocks drawn at random
//
// A mirrored file has each text on its line in the source, so that a prose checker which
// knows nothing of Go reports the right line numbers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "prose:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: prose mirror | sample")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	root := flags.String("root", "..", "`folder` of the repository")
	folder := flags.String("out", "", "mirror: `folder` to write to; it is replaced")
	count := flags.Int("n", 100, "sample: `number` of comment blocks")
	seed := flags.Uint64("seed", 1, "sample: `seed` of the random draw")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	files, err := sources(ctx, *root)
	if err != nil {
		return err
	}
	switch args[0] {
	case "mirror":
		if *folder == "" {
			return errors.New("mirror needs --out FOLDER")
		}
		return mirror(*root, *folder, files)
	case "sample":
		return sample(out, *root, files, *count, *seed)
	default:
		return fmt.Errorf("unknown command %q: use mirror or sample", args[0])
	}
}

// sources lists the Go files that git tracks, without generated ones.
func sources(ctx context.Context, root string) ([]string, error) {
	command := exec.CommandContext(ctx, "git", "ls-files", "*.go")
	command.Dir = root
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing files with git in %s: %w", root, err)
	}
	var files []string
	for _, name := range strings.Fields(string(out)) {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil && !strings.HasSuffix(name, ".pb.go") {
			files = append(files, name)
		}
	}
	return files, nil
}

// mirror writes the file FOLDER/NAME.txt for each source file NAME that contains
// texts.
func mirror(root, folder string, files []string) error {
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("emptying the mirror: %w", err)
	}
	for _, name := range files {
		blocks, err := textsOf(root, name)
		if err != nil {
			return err
		}
		if len(blocks) == 0 {
			continue
		}
		path := filepath.Join(folder, name+".txt")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("writing the mirror: %w", err)
		}
		if err := os.WriteFile(path, []byte(lay(blocks)), 0o644); err != nil {
			return fmt.Errorf("writing the mirror: %w", err)
		}
	}
	return nil
}

// lay puts each line of each block on the line that it has in the source. Texts that
// share a source line are separated by a slash.
func lay(blocks []block) string {
	var lines []string
	for _, b := range blocks {
		for i, line := range strings.Split(b.text, "\n") {
			at := b.line + i - 1
			for len(lines) <= at {
				lines = append(lines, "")
			}
			if lines[at] != "" {
				line = lines[at] + " / " + line
			}
			lines[at] = line
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// sample prints count comment blocks, drawn without replacement.
func sample(out io.Writer, root string, files []string, count int, seed uint64) error {
	var comments []block
	for _, name := range files {
		blocks, err := textsOf(root, name)
		if err != nil {
			return err
		}
		for _, b := range blocks {
			if b.comment {
				comments = append(comments, b)
			}
		}
	}
	draw := rand.New(rand.NewPCG(seed, 0))
	draw.Shuffle(len(comments), func(i, j int) { comments[i], comments[j] = comments[j], comments[i] })
	for i, b := range comments[:min(count, len(comments))] {
		if _, err := fmt.Fprintf(out, "%d. %s:%d\n%s\n\n", i+1, b.file, b.line, b.text); err != nil {
			return err
		}
	}
	return nil
}
