package main

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/dateline-news/dateline/cmd/dateline/internal/cli"
	"github.com/dateline-news/dateline/internal/natstest"
)

// fullDisk is an output without space for anything.
type fullDisk struct{ asked bool }

func (d *fullDisk) Write([]byte) (int, error) {
	d.asked = true
	return 0, syscall.ENOSPC
}

// TestLostOutputIsAFailure runs every command whose output cannot be written, such as to a file on a full disk. A
// script that goes on with half of the output must be able to notice.
func TestLostOutputIsAFailure(t *testing.T) {
	t.Parallel()
	dir := hostileFolder(t)
	commands := hostileCommands(t, dir)
	commands["version"], commands["help"] = [][]string{{"version"}}, [][]string{{"help", "search"}}
	asked := 0
	for name, lines := range commands {
		for _, args := range lines {
			if name != "top" && name != "ingest" && name != "version" && name != "help" {
				args = append(args, "--data", dir)
			}
			var out fullDisk
			var errs bytes.Buffer
			code := cli.Run(natstest.Context(t), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
			if !out.asked {
				continue
			}
			asked++
			if code == 0 || errs.Len() == 0 {
				t.Errorf("%q ends with exit code %d although its output is lost: %s", args, code, errs.String())
			}
		}
	}
	if asked < 40 {
		t.Errorf("only %d commands print something", asked)
	}
}
