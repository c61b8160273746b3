package deployment

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// pin runs pin-digests.sh on a copy of the Compose file. The script registry stands for
// docker.
func pin(t *testing.T, registry string) (written, output string, ok bool) {
	t.Helper()
	folder, programs := t.TempDir(), t.TempDir()
	for _, name := range []string{"compose.yaml", "pin-digests.sh"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(read(t, name)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(programs, "docker"), []byte("#!/bin/sh\n"+registry), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(folder, "pin-digests.sh"))
	cmd.Env = []string{
		"PATH=" + programs + ":" + os.Getenv("PATH"), "IMAGE_PREFIX=registry.example/dateline", "VERSION=v1.2.3",
	}
	out, err := cmd.CombinedOutput()
	data, _ := os.ReadFile(filepath.Join(folder, "compose.release.yaml"))
	return string(data), string(out), err == nil
}

func TestAReleaseHasEveryImageByItsDigest(t *testing.T) {
	written, output, ok := pin(t, `printf 'sha256:%s\n' "$(printf %s "$4" | sha256sum | cut -c 1-64)"`)
	if !ok {
		t.Fatal(output)
	}
	var release composeFile
	if err := yaml.Unmarshal([]byte(written), &release); err != nil {
		t.Fatal(err)
	}
	for name, service := range compose(t).Services {
		image := release.Services[name].Image
		tag, digest, found := strings.Cut(image, "@sha256:")
		if !found || len(digest) != 64 || strings.Contains(tag, "$") {
			t.Errorf("%s: %q", name, image)
		}
		released := strings.HasPrefix(tag, "registry.example/dateline-") && strings.HasSuffix(tag, ":v1.2.3")
		if strings.Contains(service.Image, "IMAGE_PREFIX") && !released {
			t.Errorf("%s: %q is not an image of the release", name, image)
		}
		if policy := release.Services[name].PullPolicy; policy != "missing" {
			t.Errorf("%s: the pull policy is %q, so that the image is not pulled", name, policy)
		}
	}
}

func TestAnUnavailableDigestIsAnError(t *testing.T) {
	for name, registry := range map[string]string{
		"unreachable registry": "exit 1", "no output": "true", "no digest": "echo latest",
	} {
		if written, output, ok := pin(t, registry); ok || written != "" || !strings.Contains(output, "pin-digests.sh: ") {
			t.Errorf("%s: wrote %q, printed %q", name, written, output)
		}
	}
}
