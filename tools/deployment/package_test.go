package deployment

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func release(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(deploy, "release", "release.sh"), args...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestVersionsAreReleasedOnlyAfterTheirTests reads the workflow: both of its jobs that
// publish wait for the job that tests.
func TestVersionsAreReleasedOnlyAfterTheirTests(t *testing.T) {
	var workflow struct {
		Jobs map[string]struct {
			Needs string
			Steps []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "../.github/workflows/release.yaml")), &workflow); err != nil {
		t.Fatal(err)
	}
	for name, job := range workflow.Jobs {
		if name != "test" && job.Needs != "test" {
			t.Errorf("the job %s does not wait for the tests", name)
		}
	}
	var runs []string
	for _, step := range workflow.Jobs["test"].Steps {
		runs = append(runs, step.Run)
	}
	for _, want := range []string{"make check deployment", "make demo test", "make images endtoend"} {
		if !strings.Contains(strings.Join(runs, "\n"), want) {
			t.Errorf("the job test does not run %s", want)
		}
	}
}

func TestReleasesThatCannotBeBuiltAreRefused(t *testing.T) {
	existing := t.TempDir()
	for what, test := range map[string]struct {
		args []string
		want string
	}{
		"no version":      {nil, "Usage: release.sh"},
		"no folder":       {[]string{"v1.2.3"}, "Usage: release.sh"},
		"no such version": {[]string{"1.2", filepath.Join(existing, "new")}, "Usage: release.sh"},
		"existing folder": {[]string{"v1.2.3", existing}, "exists"},
	} {
		if out, err := release(t, test.args...); err == nil || !strings.Contains(out, test.want) {
			t.Errorf("%s: %v, output %q, want %q", what, err, out, test.want)
		}
	}
}

// The service of the Debian package reads the settings that the package installs, keeps
// its data in its own folder, and cannot change anything else.
func TestTheServiceOfThePackage(t *testing.T) {
	unit := read(t, "release/dateline.service")
	for _, line := range []string{
		"ExecStart=/usr/bin/dateline up --config /etc/dateline/dateline.yaml\n", "User=dateline\n",
		"StateDirectory=dateline\n", "ProtectSystem=strict\n", "NoNewPrivileges=yes\n", "WantedBy=multi-user.target\n",
		"RestartPreventExitStatus=2\n", // the exit code of invalid settings
	} {
		if !strings.Contains(unit, line) {
			t.Errorf("the unit lacks %q", line)
		}
	}
	var settings struct {
		Data    struct{ Dir string }
		Fetcher struct {
			UserAgent *string `yaml:"user-agent"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "release/dateline.yaml")), &settings); err != nil {
		t.Fatal(err)
	}
	// An empty user agent is refused at the start, until its owner has set one.
	if agent := settings.Fetcher.UserAgent; settings.Data.Dir != "/var/lib/dateline" || agent == nil || *agent != "" {
		t.Errorf("the settings are %+v", settings)
	}
}
