package cli

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

func newArchiveStop() *cobra.Command {
	var confirmed bool
	cmd := &cobra.Command{
		Use: "stop", Short: "Stop keeping pages for an archiver that does not run any more", Args: noArgs,
		Long: `Deletes the consumer of the archiver. As long as the consumer exists, pages stay on their
stream until they are archived, and the stream becomes full if no archiver runs. Pages
that wait are not archived. The archive itself stays as it is. The archiver declares its
consumer again when it is deployed again.`,
	}
	load := configured(cmd, quiet)
	cmd.Flags().BoolVar(&confirmed, "yes", false, "Stop. Without this flag, only print how many pages wait.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		cfg, err := load()
		if err != nil {
			return err
		}
		bus, err := openBus(cmd, cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, bus.Close()) }()
		if !confirmed {
			return previewStop(cmd, bus.JS)
		}
		waiting, err := topology.DropArchive(cmd.Context(), bus.JS)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "pages are no longer kept for an archiver; %s that waited will not be "+
			"archived\n", plural(int(waiting), "page"))
		return err
	}
	return cmd
}

func previewStop(cmd *cobra.Command, js jetstream.JetStream) error {
	consumer, err := js.Consumer(cmd.Context(), subject.StreamPages, subject.ConsumerArchive)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "no pages are kept for an archiver")
		return err
	}
	if err != nil {
		return fmt.Errorf("reading consumer %s of stream %s: %w", subject.ConsumerArchive, subject.StreamPages, err)
	}
	info := consumer.CachedInfo()
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s would not be archived; add --yes to stop keeping pages for an archiver\n",
		plural(int(info.NumPending)+info.NumAckPending, "page"))
	return err
}
