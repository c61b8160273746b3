package cli

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dateline-news/dateline/internal/outcome"
)

// completeValues adds shell completion of flag values to a command and its subcommands.
func completeValues(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		completeValues(sub)
	}
	var reasons []string
	for _, one := range outcome.Table() {
		reasons = append(reasons, string(one.Reason))
	}
	slices.Sort(reasons)
	for name, values := range map[string][]string{
		"priority": slices.Sorted(maps.Keys(priorities)),
		"access":   {"free", "paywalled"},
		"stage":    {"extract", "fetch", "index", "intake"},
		"reason":   slices.Compact(reasons),
		"since":    {"today", "yesterday", "7d"},
		"before":   {"today", "yesterday", "7d"},

		"partition": {"day"},

		"admin-log-level":  {"debug", "error", "info", "warn"},
		"admin-log-format": {"json", "text"},
	} {
		complete(cmd, name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	if cmd.Name() == "export" {
		complete(cmd, "format", cobra.FixedCompletions(exportFormats, cobra.ShellCompDirectiveNoFileComp))
	}
	if cmd.Name() != "up" { // its flag names a new context
		complete(cmd, "context", completeContexts)
	}
}

// complete registers the completion of a flag, if the command has it.
func complete(cmd *cobra.Command, flag string, with cobra.CompletionFunc) {
	if cmd.Flags().Lookup(flag) != nil {
		_ = cmd.RegisterFlagCompletionFunc(flag, with) // fails only for a flag that has a completion
	}
}
