package archiver

import (
	"errors"
	"fmt"
	"time"
)

// Config configures the archiver.
type Config struct {
	Dir          string        `doc:"Folder of the archive. Only one process can write to it at a time. Empty means that no pages are archived."`
	MaxFileBytes int64         `doc:"Size at which a file of the archive is completed and the next is begun." unit:"bytes"`
	MaxFileAge   time.Duration `doc:"Age at which a file of the archive is completed, such as 1h."`
	MinFree      int64         `doc:"Minimum free space on the disk of the archive. With less, pages wait on the stream." unit:"bytes"`
	MaxAttempts  int           `doc:"Maximum number of attempts at a page before it is dead-lettered."`
	DrainTimeout time.Duration `doc:"Maximum time to finish pages in progress at shutdown, such as 10s. Unfinished pages are delivered again."`
}

// DefaultConfig returns the default configuration, which archives nothing.
func DefaultConfig() Config {
	return Config{
		MaxFileBytes: 1 << 30, MaxFileAge: time.Hour, MinFree: 1 << 30, MaxAttempts: 4, DrainTimeout: 10 * time.Second,
	}
}

// minFileBytes is the smallest max-file-bytes. Smaller files would hold few pages.
const minFileBytes = 1 << 20

// Validate reports every setting that cannot work.
func (c Config) Validate() error {
	var problems []error
	if c.MaxFileBytes < minFileBytes {
		problems = append(problems, fmt.Errorf("max-file-bytes is %d: it must be at least %d", c.MaxFileBytes, minFileBytes))
	}
	if c.MaxFileAge < time.Second {
		problems = append(problems, fmt.Errorf("max-file-age is %s: it must be at least 1s", c.MaxFileAge))
	}
	if c.MinFree < 0 {
		problems = append(problems, fmt.Errorf("min-free is %d: it must not be negative", c.MinFree))
	}
	if c.MaxAttempts < 1 {
		problems = append(problems, fmt.Errorf("max-attempts is %d: it must be at least 1", c.MaxAttempts))
	}
	return errors.Join(problems...)
}
