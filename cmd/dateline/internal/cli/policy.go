package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// policyFlags adds the flags of a policy to a command. The result sets what flags were given.
func policyFlags(flags *pflag.FlagSet) func(*sources.Policy) error {
	var given sources.Policy
	var revisits bool
	flags.StringArrayVar(&given.Include, "include", nil,
		"Take only articles whose path matches this `pattern`, in which * stands for any characters; repeatable.")
	flags.StringArrayVar(&given.Exclude, "exclude", nil,
		"Take no article whose path matches this `pattern`; repeatable.")
	flags.StringSliceVar(&given.Languages, "language", nil,
		"Take only articles in these `languages`, such as en,fr, as far as their listing states one.")
	flags.IntVar(&given.ArticlesPerDay, "articles-per-day", 0,
		"Take at most `N` articles in 24 hours. 0 means discoverer.articles-per-day.")
	flags.IntVar(&given.PollsPerDay, "polls-per-day", 0,
		"Make at most `N` requests in 24 hours. 0 means discoverer.polls-per-day, which grows with the articles.")
	flags.BoolVar(&revisits, "revisits", true, "Visit its articles again for corrections.")
	return func(p *sources.Policy) error {
		for name, set := range map[string]func(){
			"include":          func() { p.Include = withoutEmpty(given.Include) },
			"exclude":          func() { p.Exclude = withoutEmpty(given.Exclude) },
			"language":         func() { p.Languages = withoutEmpty(given.Languages) },
			"articles-per-day": func() { p.ArticlesPerDay = given.ArticlesPerDay },
			"polls-per-day":    func() { p.PollsPerDay = given.PollsPerDay },
			"revisits":         func() { p.NoRevisits = !revisits },
		} {
			if flags.Changed(name) {
				set()
			}
		}
		if err := p.Validate(); err != nil {
			return &usageError{err}
		}
		return nil
	}
}

// withoutEmpty returns nothing for a single empty value, which removes all values.
func withoutEmpty(values []string) []string {
	if len(values) == 1 && values[0] == "" {
		return nil
	}
	return values
}

func newSourcesSet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set URL",
		Short: "Set which articles of a source are taken, and how many requests it may cause",
		Long: `Changes the policy of a source and prints it. What no flag names stays as it is. An
empty pattern or language removes all. "dateline sources try" has the same flags, and
shows which articles are left out.`,
		Example: `  dateline sources set https://example.com --include "/news/*" --exclude "*/live/*"
  dateline sources set https://example.com --articles-per-day 200 --revisits=false`,
		Args: oneArg(sourceArg),
	}
	load := configured(cmd, quiet)
	apply := policyFlags(cmd.Flags())
	cmd.RunE = withDiscovery(load, func(ctx context.Context, cmd *cobra.Command, d discovery, args []string) error {
		wanted, err := newSource(args[0], nil)
		if err != nil {
			return err
		}
		source, err := d.Details(ctx, wanted.ID)
		if err != nil {
			return fmt.Errorf("%s: %w", wanted.URL, err)
		}
		if err := apply(&source.Policy); err != nil {
			return err
		}
		if err := d.SetPolicy(ctx, source.ID, source.Policy); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: policy %s\n", source.URL, policyText(source.Policy))
		return err
	})
	return cmd
}

// policyText returns a policy as the flags that set it, or "default".
func policyText(p sources.Policy) string {
	var flags []string
	for _, list := range []struct {
		flag   string
		values []string
	}{{"include", p.Include}, {"exclude", p.Exclude}, {"language", p.Languages}} {
		for _, value := range list.values {
			flags = append(flags, fmt.Sprintf("--%s %q", list.flag, value))
		}
	}
	if p.ArticlesPerDay > 0 {
		flags = append(flags, fmt.Sprintf("--articles-per-day %d", p.ArticlesPerDay))
	}
	if p.PollsPerDay > 0 {
		flags = append(flags, fmt.Sprintf("--polls-per-day %d", p.PollsPerDay))
	}
	if p.NoRevisits {
		flags = append(flags, "--revisits=false")
	}
	return cmp.Or(strings.Join(flags, " "), "default")
}
