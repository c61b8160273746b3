package extractor

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article"
)

// Config configures the extractor.
type Config struct {
	Workers         int           `doc:"Maximum number of pages extracted at the same time. 0 means one per processor."`
	MaxDecodedBytes int           `doc:"Maximum size of a page after decompression. Larger pages are rejected." unit:"bytes"`
	Follow          bool          `doc:"Fetch the other pages of articles that are split into several, and join them into one record, unless a request says otherwise (field follow)."`
	MaxPages        int           `doc:"Maximum number of pages of an article that are fetched and joined."`
	RulesDir        string        `doc:"Directory of rules for sites (*.yaml, see docs/rules.md), read at startup. Empty means no rules."`
	MaxAttempts     int           `doc:"Maximum number of attempts at a page before it is dead-lettered."`
	Timeout         time.Duration `doc:"Maximum time to extract one page, such as 20s."`
	DrainTimeout    time.Duration `doc:"Maximum time to finish pages in progress at shutdown, such as 10s. Unfinished pages are delivered again."`
}

// maxPages is the largest max-pages. Each page carries the numbers of those before it, and
// the last one reads all of them again.
const maxPages = 50

// DefaultConfig returns the default configuration, which uses every processor.
func DefaultConfig() Config {
	return Config{
		MaxDecodedBytes: 16 << 20, MaxPages: 20, MaxAttempts: 4, Timeout: 20 * time.Second, DrainTimeout: 10 * time.Second,
	}
}

// Validate reports every setting that cannot work.
func (c Config) Validate() error {
	var problems []error
	if c.Workers < 0 {
		problems = append(problems, fmt.Errorf("workers is %d: it must not be negative", c.Workers))
	}
	if c.MaxDecodedBytes <= 0 {
		problems = append(problems, fmt.Errorf("max-decoded-bytes is %d: it must be positive", c.MaxDecodedBytes))
	}
	if c.MaxPages < 1 || c.MaxPages > maxPages {
		problems = append(problems, fmt.Errorf("max-pages is %d: it must be from 1 to %d", c.MaxPages, maxPages))
	}
	if c.MaxAttempts <= 0 {
		problems = append(problems, fmt.Errorf("max-attempts is %d: it must be at least 1", c.MaxAttempts))
	}
	if c.Timeout <= 0 {
		problems = append(problems, fmt.Errorf("timeout is %s: it must be positive", c.Timeout))
	}
	if c.DrainTimeout < 0 {
		problems = append(problems, fmt.Errorf("drain-timeout is %s: it must not be negative", c.DrainTimeout))
	}
	return errors.Join(problems...)
}

// Options returns the options of the article package for this configuration,
// including the rules in RulesDir. The error names every rule that is invalid.
func (c Config) Options() (article.Options, error) {
	opts := article.Options{MaxDecodedBytes: c.MaxDecodedBytes}
	if c.RulesDir == "" {
		return opts, nil
	}
	if _, err := os.ReadDir(c.RulesDir); err != nil {
		return opts, fmt.Errorf("reading extractor.rules-dir: %w", err)
	}
	var err error
	if opts.Rules, err = article.ReadRules(os.DirFS(c.RulesDir)); err != nil {
		return opts, fmt.Errorf("reading extractor.rules-dir %s: %w", c.RulesDir, err)
	}
	return opts, nil
}
