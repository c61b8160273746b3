// Command bench compares the fetcher with a plain pool of net/http workers and with
// colly: pages per second of the process's own CPU time, with the same thousand hosts
// on loopback, in one run. The web server and the NATS server are separate processes.
//
// The contender colly is a program in the tools module, so that the product does not
// depend on colly: pass its path as -colly.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// Roles of a process besides those of the contenders.
const (
	roleWeb     = "web"
	roleNATS    = "nats"
	roleFill    = "fill"
	roleReplica = "replica"
)

func run() error {
	role := flag.String("role", "", "internal: `role` of this process; empty for the process that starts the others")
	only := flag.String("only", "", "comma-separated `names` of the only contenders to measure")
	colly := flag.String("colly", "", "`program` of the contender colly (tools/cmd/collybench); empty leaves it out")
	var s contender.Settings
	s.Register(flag.CommandLine)
	flag.Parse()
	switch *role {
	case "":
		switch {
		case s.Soak > 0:
			return soak(s)
		case s.Slow > 0:
			return compareFairness(s)
		}
		return compare(s, *only, *colly)
	case roleReplica:
		return replica(s)
	case roleWeb:
		return serveWeb(s)
	case roleNATS:
		return serveNATS()
	case roleFill:
		return fill(s)
	}
	for _, c := range contenders {
		if c.name == *role {
			f, err := c.run(s)
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(f)
		}
	}
	return fmt.Errorf("unknown role %q", *role)
}

// errNoColly is returned by the contender that is not part of this program.
var errNoColly = errors.New("colly is a separate program: pass its path as -colly")
