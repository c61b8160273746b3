package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
)

// forward forwards each connection to the target, whose name is resolved for each one,
// until the context ends.
func forward(ctx context.Context, addr, target string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", addr, err)
	}
	return forwardFrom(ctx, listener, target)
}

func forwardFrom(ctx context.Context, listener net.Listener, target string) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	var connections sync.WaitGroup
	defer connections.Wait()
	for {
		conn, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accepting connections on %s: %w", listener.Addr(), err)
		}
		connections.Go(func() { connect(ctx, conn, target) })
	}
}

// connect copies in both directions until both ends have closed, or the context ends.
func connect(ctx context.Context, client net.Conn, target string) {
	defer client.Close()
	dialer := net.Dialer{Timeout: timeout}
	server, err := dialer.DialContext(ctx, "tcp", target)
	if err != nil {
		return // the client sees a closed connection
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() {
		client.Close()
		server.Close()
	})
	defer stop()
	var directions sync.WaitGroup
	for _, ends := range [][2]net.Conn{{client, server}, {server, client}} {
		directions.Go(func() {
			_, _ = io.Copy(ends[1], ends[0])
			if tcp, ok := ends[1].(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			}
		})
	}
	directions.Wait()
}
