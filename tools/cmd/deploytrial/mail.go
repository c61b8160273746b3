package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

const mailAddr = ":2525"

// serveMail accepts e-mails without encryption and passwords on a listener until ctx ends, and counts them by their
// Message-ID.
func serveMail(ctx context.Context, listener net.Listener, all *deliveries) error {
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting e-mails: %w", err)
		}
		go func() {
			_ = acceptMail(conn, all) // the client notices
			_ = conn.Close()
		}()
	}
}

// acceptMail speaks SMTP (RFC 5321) with a client, as far as a trial needs it.
func acceptMail(conn net.Conn, all *deliveries) error {
	text := textproto.NewConn(conn)
	err := text.PrintfLine("220 receiver")
	for err == nil {
		if err = conn.SetDeadline(time.Now().Add(timeout)); err != nil {
			break
		}
		var line string
		if line, err = text.ReadLine(); err != nil {
			break
		}
		command, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch command {
		case "DATA":
			if err = text.PrintfLine("354 go on"); err == nil {
				err = acceptText(text, all)
			}
		case "QUIT":
			return text.PrintfLine("221 bye")
		case "EHLO", "HELO", "MAIL", "RCPT", "RSET", "NOOP":
			err = text.PrintfLine("250 ok")
		default:
			err = text.PrintfLine("502 unknown")
		}
	}
	return err
}

// acceptText reads one e-mail.
func acceptText(text *textproto.Conn, all *deliveries) error {
	data, err := text.ReadDotBytes()
	if err != nil {
		return err
	}
	letter, err := mail.ReadMessage(strings.NewReader(string(data)))
	if err != nil {
		return text.PrintfLine("554 no e-mail")
	}
	all.accept(letter.Header.Get("Message-Id"))
	return text.PrintfLine("250 accepted")
}
