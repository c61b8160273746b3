package hygiene

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

type file struct {
	name, text string
	mode       int64
	kind       byte
}

func archive(t *testing.T, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.text)), Typeflag: f.kind}
		if f.kind == 0 {
			header.Typeflag = tar.TypeReg
		}
		if f.kind == tar.TypeSymlink {
			header.Linkname, header.Size = f.text, 0
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := w.Write([]byte(f.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// image returns an image in the format of "docker save", with a clean layer followed
// by the given one.
func image(t *testing.T, user string, env []string, added ...file) []byte {
	t.Helper()
	labels := map[string]string{}
	for _, label := range []string{"title", "description", "source", "licenses", "version", "revision"} {
		labels["org.opencontainers.image."+label] = "x"
	}
	config, err := json.Marshal(map[string]any{"config": map[string]any{"User": user, "Env": env, "Labels": labels}})
	if err != nil {
		t.Fatal(err)
	}
	clean := archive(t,
		file{name: "./etc/passwd", mode: 0o644, text: "root:x:0:0:root:/root:/sbin/nologin\n"},
		file{name: "service", mode: 0o755, text: "\x7fELF"})
	return archive(t,
		file{
			name: "manifest.json", mode: 0o644,
			text: `[{"Config":"config.json","Layers":["one/layer.tar","two/layer.tar"]}]`,
		},
		file{name: "config.json", mode: 0o644, text: string(config)},
		file{name: "one/layer.tar", mode: 0o644, text: string(clean)},
		file{name: "two/layer.tar", mode: 0o644, text: string(archive(t, added...))},
	)
}

func TestACleanImagePasses(t *testing.T) {
	env := []string{"PATH=/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}
	findings, err := Check(bytes.NewReader(image(t, "65532:65532", env)))
	if err != nil || len(findings) > 0 {
		t.Errorf("got %v, %v", findings, err)
	}
}

func TestFindings(t *testing.T) {
	key := "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAxHd1\n"
	for name, test := range map[string]struct {
		user  string
		env   []string
		added file
		want  string
	}{
		"shell": {added: file{name: "bin/bash", mode: 0o755, text: "x"}, want: "layer 2, /bin/bash: a shell"},
		"shell by a link": {
			added: file{name: "bin/sh", mode: 0o777, text: "busybox", kind: tar.TypeSymlink}, want: "/bin/sh: a shell",
		},
		"package manager": {added: file{name: "usr/bin/dpkg", mode: 0o755, text: "x"}, want: "a package manager"},
		"its state":       {added: file{name: "lib/apk/", mode: 0o755, kind: tar.TypeDir}, want: "a package manager"},
		"setuid":          {added: file{name: "usr/bin/su", mode: 0o4755, text: "x"}, want: "setuid"},
		"setgid":          {added: file{name: "usr/bin/wall", mode: 0o2755, text: "x"}, want: "setgid"},
		"writable":        {added: file{name: "etc/hosts", mode: 0o666, text: "x"}, want: "writable by everybody"},
		"private key":     {added: file{name: "usr/share/x", mode: 0o644, text: key}, want: "a private key"},
		"env file": {
			added: file{name: "app/.env", mode: 0o644, text: "x"}, want: "a file that usually contains secrets",
		},
		"password in it": {
			added: file{name: "app/settings", mode: 0o644, text: "PORT=1\nNATS_PASSWORD=abcdefghij\n"},
			want:  "a password in a setting",
		},
		"in environment":   {env: []string{"POSTGRES_PASSWORD=hunter2hunter2"}, want: "environment: a password"},
		"runs as root":     {user: "root", want: "runs as root"},
		"runs as root (0)": {user: "0:0", want: "runs as root"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.user == "" {
				test.user = "65532"
			}
			var added []file
			if test.added.name != "" {
				added = append(added, test.added)
			}
			findings, err := Check(bytes.NewReader(image(t, test.user, test.env, added...)))
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			for _, f := range findings {
				said.WriteString(f.String() + "\n")
			}
			if !strings.Contains(said.String(), test.want) {
				t.Errorf("found %q, want %q", said.String(), test.want)
			}
		})
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	for _, data := range [][]byte{
		nil, []byte("not an archive, but long enough to be read as the header of one"),
		archive(t, file{name: "manifest.json", text: "[]"}),
	} {
		if _, err := Check(bytes.NewReader(data)); err == nil {
			t.Errorf("%d bytes: no error", len(data))
		}
	}
}
