package httpget

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// serverVariable names the environment variable that makes the test binary run as
// the benchmark's web server. The server is a separate process so that its CPU
// time is not counted.
const serverVariable = "DATELINE_BENCH_SERVER"

// runBenchServer answers every request with the same 20 KB gzip body until its
// standard input ends.
func runBenchServer() {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", ":0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n" +
		"Cache-Control: max-age=60\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\nETag: \"abc\"\r\nServer: bench\r\n" +
		"Vary: Accept-Encoding\r\nX-Cache: HIT\r\n"
	body := "\x1f\x8b" + strings.Repeat("x", 20_000)
	answer := fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				buffer := make([]byte, 4096)
				for {
					if n, err := connection.Read(buffer); err != nil || !bytes.HasSuffix(buffer[:n], []byte("\r\n\r\n")) {
						return
					}
					if _, err := connection.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// startBenchServer returns the port of a server that listens on all loopback
// addresses, each of which acts as a separate host.
func startBenchServer(b *testing.B) string {
	b.Helper()
	command := exec.CommandContext(context.Background(), os.Args[0])
	command.Env = append(os.Environ(), serverVariable+"=1")
	stdin, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stdin.Close(); _ = command.Wait() })
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(port)
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// crawl fetches b.N pages from 200 hosts, 100 at a time, and reports the pages per
// second of CPU time that this process used.
func crawl(b *testing.B, fetch func(url string) (int, error)) {
	b.Helper()
	port := startBenchServer(b)
	urls := make([]string, 200)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://127.0.1.%d:%s/news/2026/11/23/a-headline?id=%d", i+1, port, i)
	}
	next := atomic.Uint64{}
	next.Store(rand.Uint64N(200))
	b.SetParallelism(100 / max(1, runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.ResetTimer()
	start := cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if n, err := fetch(urls[next.Add(1)%200]); err != nil || n != 20_002 {
				b.Errorf("%d bytes, %v", n, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/(cpuTime(b)-start).Seconds(), "pages/cpu-s")
}

func BenchmarkGet(b *testing.B) {
	client := newClient(b, nil)
	crawl(b, func(url string) (int, error) {
		response, err := client.Get(b.Context(), Request{URL: url})
		if err != nil {
			return 0, err
		}
		return len(response.Body), nil
	})
}

// BenchmarkBare measures net/http without this package, for comparison.
func BenchmarkBare(b *testing.B) {
	transport := &http.Transport{DisableCompression: true, MaxIdleConns: 1000, MaxIdleConnsPerHost: 2}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	crawl(b, func(url string) (int, error) {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
		if err != nil {
			return 0, err
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return len(body), err
	})
}
