package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/cmd/dateline/internal/dayexport"
	"github.com/dateline-news/dateline/internal/objects"
)

// exportPlace returns the folder or bucket that --output names. Call closePlace after the export.
func exportPlace(load loader, output string) (place dayexport.Place, closePlace func(), err error) {
	if !strings.HasPrefix(output, objects.Scheme) {
		return dayexport.Folder(output), func() {}, nil
	}
	at, err := objects.ParseLocation(output)
	if err != nil {
		return nil, nil, &usageError{fmt.Errorf("--output: %w", err)}
	}
	cfg, err := load()
	if err != nil {
		return nil, nil, err
	}
	client, err := objects.New(cfg.S3)
	if err != nil {
		return nil, nil, err
	}
	return dayexport.Bucket{Client: client, At: at}, client.Close, nil
}

// exportDays exports articles to a folder or bucket with a file for each day, and prints a summary or
// what happened to each file.
func exportDays(ctx context.Context, cmd *cobra.Command, s articles, o dayexport.Options, asJSON bool) error {
	out, errs := cmd.OutOrStdout(), cmd.ErrOrStderr()
	var bar *progressbar.ProgressBar
	if isTerminal(errs) {
		bar = newCountBar(errs, "exporting articles")
	}
	o.Progress = func() {
		if bar != nil {
			_ = bar.Add(1) // an export does not fail because of its progress bar
		}
	}
	files, rows := map[string]int{}, 0
	lines := json.NewEncoder(out)
	o.Report = func(change dayexport.Change) error {
		files[change.Change]++
		if change.Change != dayexport.Removed {
			rows += int(change.Rows)
		}
		if asJSON {
			return lines.Encode(change)
		}
		return nil
	}
	err := dayexport.Run(ctx, s, o)
	if bar != nil {
		_ = bar.Finish()
	}
	if err != nil || asJSON {
		return err
	}
	_, err = fmt.Fprintf(out, "%s in %s: %d written, %d unchanged, %d removed\n", plural(rows, "article"),
		plural(files[dayexport.Written]+files[dayexport.Unchanged], "file"), files[dayexport.Written],
		files[dayexport.Unchanged], files[dayexport.Removed])
	return err
}

// newCountBar returns a progress bar for a terminal that counts without a known end.
func newCountBar(errs io.Writer, what string) *progressbar.ProgressBar {
	const redraw = 65 * time.Millisecond
	return progressbar.NewOptions(-1, progressbar.OptionSetWriter(unescaped(errs)),
		progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(redraw))
}
