package archiver

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/objects"
	"github.com/dateline-news/dateline/services/archiver/files"
)

// Config configures the archiver.
type Config struct {
	Dir          string        `doc:"Folder of the archive, to which only one process can write at a time, or s3://BUCKET/PREFIX. The settings s3.… name the service of a bucket. Empty means that no pages are archived."`
	Spool        string        `doc:"Folder in which the files of an archive in a bucket are written, and stay until they are uploaded. Only one process can write to it at a time, and it must be on a disk that survives a restart. The command dateline uses a folder in data.dir if this is empty."`
	MaxSpool     int64         `doc:"Maximum size of the files in archiver.spool, for a bucket that cannot be reached. When it is reached, pages wait on the stream." unit:"bytes"`
	MaxFileBytes int64         `doc:"Size at which a file of the archive is completed and the next is begun." unit:"bytes"`
	MaxFileAge   time.Duration `doc:"Age at which a file of the archive is completed, such as 1h."`
	MinFree      int64         `doc:"Minimum free space on the disk of the archive. With less, pages wait on the stream." unit:"bytes"`
	MaxAge       time.Duration `doc:"Age after which files of the archive are deleted, together with their captures, such as 8760h. A body that is older than a quarter of it is written again instead of being referred to. 0 keeps all."`
	MaxBytes     int64         `doc:"Maximum size of the archive. If it is exceeded, the oldest files are deleted. 0 means no limit." unit:"bytes"`
	Expire       []string      `doc:"Labels whose pages are erased from the archive after some time, in the form label=value:age, such as team=trial:720h."`
	MaxAttempts  int           `doc:"Maximum number of attempts at a page before it is dead-lettered."`
	DrainTimeout time.Duration `doc:"Maximum time to finish pages in progress at shutdown, such as 10s. Unfinished pages are delivered again."`
}

// DefaultConfig returns the default configuration, which archives nothing.
func DefaultConfig() Config {
	return Config{
		MaxFileBytes: 1 << 30, MaxSpool: 8 << 30, MaxFileAge: time.Hour, MinFree: 1 << 30, MaxAttempts: 4,
		DrainTimeout: 10 * time.Second,
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
	if files.IsBucket(c.Dir) {
		if _, err := objects.ParseLocation(c.Dir); err != nil {
			problems = append(problems, fmt.Errorf("dir: %w", err))
		}
		if c.MaxSpool < 2*c.MaxFileBytes {
			problems = append(problems, fmt.Errorf("max-spool is %d: it must be at least twice max-file-bytes (%d)",
				c.MaxSpool, c.MaxFileBytes))
		}
	}
	if c.MinFree < 0 {
		problems = append(problems, fmt.Errorf("min-free is %d: it must not be negative", c.MinFree))
	}
	if c.MaxAttempts < 1 {
		problems = append(problems, fmt.Errorf("max-attempts is %d: it must be at least 1", c.MaxAttempts))
	}
	if c.DrainTimeout < 0 {
		problems = append(problems, fmt.Errorf("drain-timeout is %s: it must not be negative", c.DrainTimeout))
	}
	if c.MaxAge < 0 || c.MaxAge > 0 && c.MaxAge < c.MaxFileAge {
		problems = append(problems, fmt.Errorf("max-age is %s: it must be 0, or at least max-file-age (%s)",
			c.MaxAge, c.MaxFileAge))
	}
	if c.MaxBytes < 0 || c.MaxBytes > 0 && c.MaxBytes < c.MaxFileBytes {
		problems = append(problems, fmt.Errorf("max-bytes is %d: it must be 0, or at least max-file-bytes (%d)",
			c.MaxBytes, c.MaxFileBytes))
	}
	if _, err := parseExpiries(c.Expire); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// expiry is a label whose pages are erased at an age.
type expiry struct {
	label, value string
	age          time.Duration
}

func parseExpiries(texts []string) (all []expiry, err error) {
	for _, text := range texts {
		label, rest, isLabel := strings.Cut(text, "=")
		at := strings.LastIndexByte(rest, ':')
		var age time.Duration
		if at >= 0 {
			age, err = time.ParseDuration(rest[at+1:])
		}
		if !isLabel || label == "" || at < 0 || err != nil || age <= 0 {
			return nil, fmt.Errorf("expire contains %q: use label=value:age, such as team=trial:720h", text)
		}
		all = append(all, expiry{label, rest[:at], age})
	}
	return all, nil
}
