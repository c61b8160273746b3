// Command hygiene reports what does not belong in an image: a shell, a package
// manager, setuid and setgid programs, secrets, root as the user, or too many bytes.
//
//	docker save IMAGE | hygiene [-max-mib 40]
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/dateline-news/dateline/tools/deployment/hygiene"
)

func main() {
	maxMiB := flag.Int64("max-mib", 40, "maximum size of the image, in MiB")
	flag.Parse()
	os.Exit(run(os.Stdin, *maxMiB))
}

// counted is a reader that counts the bytes read.
type counted struct {
	io.Reader
	bytes int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += int64(n)
	return n, err
}

func run(in io.Reader, maxMiB int64) int {
	image := &counted{Reader: bufio.NewReader(in)}
	findings, err := hygiene.Check(image)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hygiene:", err)
		return 2
	}
	for _, finding := range findings {
		fmt.Fprintln(os.Stderr, "hygiene:", finding)
	}
	mib := float64(image.bytes) / (1 << 20)
	if image.bytes > maxMiB<<20 {
		fmt.Fprintf(os.Stderr, "hygiene: the image has %.1f MiB, want at most %d\n", mib, maxMiB)
		return 1
	}
	if len(findings) > 0 {
		return 1
	}
	fmt.Printf("clean, %.1f MiB\n", mib)
	return 0
}
