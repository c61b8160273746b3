package natsembed

import (
	"fmt"
	"sync"
)

// complaints keeps what the server ends itself over. With a logger of its own
// the server would end the process, and with none it would say nothing.
type complaints struct {
	mu   sync.Mutex
	last string
}

func (c *complaints) fatal() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Fatalf implements server.Logger, as the others do, which are silent: the
// process logs what happens to its own connection.
func (c *complaints) Fatalf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = fmt.Sprintf(format, args...)
}

func (c *complaints) Noticef(string, ...any) {}
func (c *complaints) Warnf(string, ...any)   {}
func (c *complaints) Errorf(string, ...any)  {}
func (c *complaints) Debugf(string, ...any)  {}
func (c *complaints) Tracef(string, ...any)  {}
