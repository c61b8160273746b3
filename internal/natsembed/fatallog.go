package natsembed

import (
	"fmt"
	"sync"
)

// fatalLog keeps the last fatal message of the server. The server's own logger would
// exit the process, and without a logger the message would be lost.
type fatalLog struct {
	mu   sync.Mutex
	last string
}

func (l *fatalLog) message() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Fatalf implements server.Logger. The other methods discard their messages, because
// the process logs the events of its own connection.
func (l *fatalLog) Fatalf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = fmt.Sprintf(format, args...)
}

func (l *fatalLog) Noticef(string, ...any) {}
func (l *fatalLog) Warnf(string, ...any)   {}
func (l *fatalLog) Errorf(string, ...any)  {}
func (l *fatalLog) Debugf(string, ...any)  {}
func (l *fatalLog) Tracef(string, ...any)  {}
