package dnscache

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"
)

// exchange is the connection that the resolver gets: it answers one query through
// the cache. It does not implement net.PacketConn, so that the resolver prefixes
// messages with their length in both directions, as over TCP (RFC 1035, section
// 4.2.2).
type exchange struct {
	cache            *cache
	ctx              context.Context
	network, address string
	deadline         time.Time
	reply            []byte
}

// Write takes a query with its length prefix and gets the reply.
func (x *exchange) Write(framed []byte) (int, error) {
	if len(framed) < 2 || int(binary.BigEndian.Uint16(framed)) != len(framed)-2 {
		return 0, errors.New("dnscache: the resolver split a query over several writes")
	}
	ctx := x.ctx
	if !x.deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, x.deadline)
		defer cancel()
	}
	reply, err := x.cache.ask(ctx, x.network, x.address, framed[2:])
	if err != nil {
		return 0, err
	}
	x.reply = binary.BigEndian.AppendUint16(make([]byte, 0, len(reply)+2), uint16(len(reply)))
	x.reply = append(x.reply, reply...)
	return len(framed), nil
}

// Read returns the reply with its length prefix.
func (x *exchange) Read(b []byte) (int, error) {
	if len(x.reply) == 0 {
		return 0, io.EOF
	}
	n := copy(b, x.reply)
	x.reply = x.reply[n:]
	return n, nil
}

func (x *exchange) Close() error                       { return nil }
func (x *exchange) LocalAddr() net.Addr                { return nil }
func (x *exchange) RemoteAddr() net.Addr               { return nil }
func (x *exchange) SetDeadline(t time.Time) error      { x.deadline = t; return nil }
func (x *exchange) SetReadDeadline(t time.Time) error  { return nil }
func (x *exchange) SetWriteDeadline(t time.Time) error { return nil }
