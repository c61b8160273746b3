package frontier

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	ossignal "os/signal"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

// serverFolder is the variable of the environment that makes the test binary a NATS server
// with this folder. Benchmarks measure and kill such a process.
const serverFolder = "DATELINE_BENCH_SERVER"

// serve runs a server until SIGTERM, or until standard input ends. It prints the server's URL, and
// answers a line on standard input with the size of the heap after a garbage collection. It writes
// a profile of the heap to the file that the line names.
func serve(dir string) error {
	stopped := make(chan os.Signal, 2)
	ossignal.Notify(stopped, syscall.SIGTERM)
	server, err := natsembed.Start(natsembed.Config{Dir: dir, Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		return err
	}
	fmt.Println(server.ClientURL())
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			heap := heapBytes()
			if err := writeProfile(lines.Text()); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			fmt.Println(heap)
		}
		stopped <- syscall.SIGTERM // the benchmark has ended
	}()
	<-stopped
	server.Stop()
	return nil
}

func writeProfile(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return pprof.Lookup("heap").WriteTo(file, 0)
}

// serverProcess is a NATS server in a process of its own.
type serverProcess struct {
	b      *testing.B
	cmd    *exec.Cmd
	url    string
	input  *bufio.Writer
	output *bufio.Reader
}

// startServer starts a server and waits until it accepts connections.
func startServer(b *testing.B, dir string) *serverProcess {
	b.Helper()
	s := &serverProcess{b: b, cmd: exec.CommandContext(context.Background(), os.Args[0])}
	s.cmd.Env = append(os.Environ(), serverFolder+"="+dir)
	s.cmd.Stderr = os.Stderr
	output, err := s.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	input, err := s.cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.output, s.input = bufio.NewReader(output), bufio.NewWriter(input)
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.end(syscall.SIGKILL) })
	s.url = s.read()
	return s
}

func (s *serverProcess) read() string {
	s.b.Helper()
	line, err := s.output.ReadString('\n')
	if err != nil {
		s.b.Fatalf("reading from the server: %v", err)
	}
	return strings.TrimSpace(line)
}

// heap returns the size of the server's heap in bytes. It writes a profile to a file, unless
// the name is empty.
func (s *serverProcess) heap(profile string) int64 {
	s.b.Helper()
	fmt.Fprintln(s.input, profile)
	if err := s.input.Flush(); err != nil {
		s.b.Fatal(err)
	}
	var heap int64
	if _, err := fmt.Sscan(s.read(), &heap); err != nil {
		s.b.Fatal(err)
	}
	return heap
}

// status returns a value of the process in bytes, such as VmRSS.
func (s *serverProcess) status(name string) int64 {
	return contender.Status(s.cmd.Process.Pid, name)
}

// cpu returns the processor time that the process has used.
func (s *serverProcess) cpu() time.Duration {
	var t int64
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	for _, ticks := range strings.Fields(rest)[11:13] { // utime and stime
		n, err := strconv.ParseInt(ticks, 10, 64)
		if err != nil {
			s.b.Fatal(err)
		}
		t += n
	}
	return time.Duration(t) * (time.Second / 100)
}

// resetPeak makes VmHWM begin again.
func (s *serverProcess) resetPeak() {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil {
		s.b.Fatal(err)
	}
}

// end ends the process and waits for it.
func (s *serverProcess) end(sig syscall.Signal) {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Signal(sig)
		_ = s.cmd.Wait()
	}
}
