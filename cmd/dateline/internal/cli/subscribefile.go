package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/notifier/subscriptions"
)

// subscriptionFile is a file of subscriptions.
type subscriptionFile struct {
	Subscriptions []listedSubscription `yaml:"subscriptions"`
}

type listedSubscription struct {
	subscriptions.Spec `yaml:",inline"`

	// SecretFile is relative to the folder of the file.
	SecretFile string `yaml:"secret_file,omitempty"`
	Unsigned   bool   `yaml:"unsigned,omitempty"`
}

func newSubscribeApply() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Add or change the subscriptions in a YAML file",
		Long: `Adds the subscriptions in a file, or changes those with the same names. Other subscriptions
stay as they are. If any entry is invalid, nothing changes. "dateline subscribe export" prints
such a file, with … instead of the secret parts of URLs. An existing subscription whose URL
is given like that keeps it. A new subscription also needs secret_file, relative to the folder
of the file, or unsigned: true.`,
		Example: `  dateline subscribe export > subs.yaml
  dateline subscribe apply -f subs.yaml`,
		Args: noArgs,
	}
	load := configured(cmd, quiet)
	cmd.Flags().StringVarP(&name, "file", "f", "", "YAML `file` of subscriptions. - is standard input.")
	cmd.RunE = withSubscriptions(load, func(
		cmd *cobra.Command, cfg configuration, _ store.Store, all subscriptionStore, _ []string,
	) error {
		if name == "" {
			return &usageError{errors.New("name the file with -f")}
		}
		listed, err := readSubscriptions(name, cmd.InOrStdin())
		if err != nil {
			return &usageError{fmt.Errorf("reading %s: %w", name, err)}
		}
		var problems []error
		secrets := make([][]string, len(listed))
		for i, one := range listed {
			if listed[i].Spec, err = all.Complete(cmd.Context(), one.Spec); err != nil {
				return err
			}
			if err := validate(all, listed[i].Spec); err != nil {
				problems = append(problems, fmt.Errorf("subscription %d (%s): %w", i+1, one.Name, err))
			}
			path := one.SecretFile
			if path != "" && !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(name), path)
			}
			if secrets[i], err = secretsOf(cmd.Context(), all, one.Spec, path, one.Unsigned, cmd.InOrStdin()); err != nil {
				problems = append(problems, fmt.Errorf("subscription %d (%s): %w", i+1, one.Name, err))
			}
		}
		if len(problems) > 0 {
			return &usageError{errors.Join(problems...)}
		}
		for i, one := range listed {
			if err := all.Put(cmd.Context(), one.Spec, secrets[i], time.Now()); err != nil {
				return err
			}
			warnOfTarget(cmd.ErrOrStderr(), cfg, one.Spec)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "applied %s\n", plural(len(listed), "subscription"))
		return err
	})
	return cmd
}

// readSubscriptions returns the subscriptions in a file. "-" is standard input.
func readSubscriptions(name string, stdin io.Reader) ([]listedSubscription, error) {
	in, err := openImport(name, stdin)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	decoder := yaml.NewDecoder(in)
	decoder.KnownFields(true)
	var file subscriptionFile
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return file.Subscriptions, nil
}

func newSubscribeExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Print the subscriptions as YAML, without their secrets", Args: noArgs,
	}
	cmd.RunE = withSubscriptions(configured(cmd, quiet), func(
		cmd *cobra.Command, _ configuration, _ store.Store, all subscriptionStore, _ []string,
	) error {
		file := subscriptionFile{Subscriptions: []listedSubscription{}}
		err := eachSubscription(cmd.Context(), all, func(one subscriptions.Subscription) error {
			file.Subscriptions = append(file.Subscriptions, listedSubscription{Spec: one.Shown(), Unsigned: one.Secrets == 0})
			return nil
		})
		if err != nil {
			return err
		}
		return yaml.NewEncoder(cmd.OutOrStdout()).Encode(file)
	})
	return cmd
}
