package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
)

// assets are the static files of the pages: style sheet, script and icon. Their URLs
// contain a hash of their content, so that browsers keep them until they change.
type assets struct {
	files    fs.FS
	versions map[string]string
}

func newAssets() assets {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	a := assets{static, map[string]string{}}
	err = fs.WalkDir(static, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(static, name)
		sum := sha256.Sum256(content)
		a.versions[name] = hex.EncodeToString(sum[:6])
		return err
	})
	if err != nil {
		panic(err) // the files are embedded
	}
	return a
}

// url returns the URL of a file. Templates call it.
func (a assets) url(name string) (string, error) {
	version, ok := a.versions[name]
	if !ok {
		return "", fmt.Errorf("static/%s does not exist", name)
	}
	return "/static/" + name + "?v=" + version, nil
}

func (a assets) handler() http.Handler {
	server := http.StripPrefix("/static/", http.FileServerFS(a.files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		if v := r.URL.Query().Get("v"); v != "" && v == a.versions[r.PathValue("name")] {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		server.ServeHTTP(w, r)
	})
}
