package deployment

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// pin runs pin-digests.sh on a copy of the Compose file. The script registry, which
// replaces docker, answers for the registry. pin returns the new Compose file, the
// output, and whether the script succeeded.
func pin(t *testing.T, registry string) (made, said string, ok bool) {
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
	cmd.Env = []string{"PATH=" + programs + ":" + os.Getenv("PATH"), "IMAGE_PREFIX=registry.example/dateline", "VERSION=v1.2.3"}
	out, err := cmd.CombinedOutput()
	data, _ := os.ReadFile(filepath.Join(folder, "compose.release.yaml"))
	return string(data), string(out), err == nil
}

func TestAReleaseHasEveryImageByItsDigest(t *testing.T) {
	made, said, ok := pin(t, `printf 'sha256:%s\n' "$(printf %s "$4" | sha256sum | cut -c 1-64)"`)
	if !ok {
		t.Fatal(said)
	}
	var release composeFile
	if err := yaml.Unmarshal([]byte(made), &release); err != nil {
		t.Fatal(err)
	}
	for name, service := range compose(t).Services {
		image := release.Services[name].Image
		tag, digest, found := strings.Cut(image, "@sha256:")
		if !found || len(digest) != 64 || strings.Contains(tag, "$") {
			t.Errorf("%s: %q", name, image)
		}
		if strings.Contains(service.Image, "IMAGE_PREFIX") && !strings.HasPrefix(tag, "registry.example/dateline-") && !strings.HasSuffix(tag, ":v1.2.3") {
			t.Errorf("%s: %q is not of the release", name, image)
		}
	}
}

func TestADigestThatCannotBeHadIsNotMadeUp(t *testing.T) {
	for name, registry := range map[string]string{"out of reach": "exit 1", "no answer": "true", "no digest": "echo latest"} {
		if made, said, ok := pin(t, registry); ok || made != "" || !strings.Contains(said, "pin-digests.sh: ") {
			t.Errorf("%s: %q %q", name, made, said)
		}
	}
}
