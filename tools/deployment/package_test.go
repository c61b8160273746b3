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
		"ExecStart=/usr/bin/dateline up --config /etc/dateline/dateline.yaml\n", "DynamicUser=yes\n",
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
