package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

// command returns the command that runs a program in a role.
func command(program, role string, s contender.Settings) *exec.Cmd {
	c := exec.CommandContext(context.Background(), program, append([]string{"-role", role}, s.Args()...)...)
	c.Stderr = os.Stderr
	if s.TLS && s.Web != "" {
		// The whole fetcher trusts the system's authorities. This variable adds
		// the web server's certificate.
		c.Env = append(os.Environ(), "SSL_CERT_FILE="+s.CertificateFile())
	}
	return c
}

// process is a server that runs until its standard input is closed.
type process struct {
	command *exec.Cmd
	stdin   io.Closer
	address string
}

// start starts a server. The first line of its output is its address.
func start(role string, s contender.Settings) (*process, error) {
	c := command(os.Args[0], role, s)
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("starting the %s server: %w", role, err)
	}
	return &process{c, stdin, strings.TrimSpace(address)}, nil
}

func (p *process) stop() {
	p.stdin.Close()
	_ = p.command.Wait()
}

// processCPU returns the CPU time of another process, or 0 if it is unavailable. It
// reads the fields 14 and 15 of the file stat (proc(5)), in hundredths of a second.
func processCPU(pid string) time.Duration {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	// Field 2 may contain spaces and ends in a parenthesis.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var user, system int64
	_, _ = fmt.Sscan(fields[11], &user)
	_, _ = fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}
