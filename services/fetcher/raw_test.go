package fetcher_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// serveRaw answers each request with bytes that net/http would not send, and closes
// the connection. answer receives the request's headers as sent, and may be called
// by several goroutines.
func serveRaw(t *testing.T, answer func(request string) string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer connection.Close()
				var request strings.Builder
				for reader := bufio.NewReader(connection); !strings.HasSuffix(request.String(), "\r\n\r\n"); {
					line, err := reader.ReadString('\n')
					if err != nil {
						return
					}
					request.WriteString(line)
				}
				_, _ = io.WriteString(connection, answer(request.String()))
			})
		}
	})
	t.Cleanup(func() { listener.Close(); running.Wait() })
	return "http://" + listener.Addr().String()
}
