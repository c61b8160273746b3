package doctor

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/internal/disk"
	"github.com/dateline-news/dateline/services/indexer/store"
)

func examineStore(ctx context.Context, t Target, r *report) {
	const check = "store"
	t.within(ctx, func(ctx context.Context) {
		before := time.Now()
		found, err := store.Inspect(ctx, t.StoreURL)
		after := time.Now()
		if err != nil {
			r.problem(check, "start the database, or give its address with --store", "%v", err)
			return
		}
		for _, text := range found.Problems {
			what, advice, _ := strings.Cut(text, ": ")
			r.problem(check, advice, "%s", what)
		}
		switch {
		case found.Version == 0:
			r.problem(check, "start the indexer: it makes them", "the store has no tables yet")
		case found.Version < found.Newest:
			r.problem(check, "start the indexer of this version: it brings them up to date", "the store's tables are of version %d and this program's are %d", found.Version, found.Newest)
		case found.Version > found.Newest:
			r.problem(check, "use the newer program", "the store's tables are of version %d, and this program knows %d", found.Version, found.Newest)
		}
		if r.isFine(check) {
			r.ok(check, "%s, tables of version %d", found.Server, found.Version)
		}
		if !found.Time.IsZero() {
			r.examineClock("the database", before, found.Time, after)
		}
	})
}

// minSecret is the fewest characters that a secret should have.
const minSecret = 16

// usual are words that secrets are often made of.
var usual = []string{"password", "passwd", "secret", "token", "changeme", "change-me", "dateline", "postgres", "admin", "default", "test", "1234"}

// examineTokens judges the secrets that the configuration shows.
func examineTokens(_ context.Context, t Target, r *report) {
	const check = "secrets"
	secrets := 0
	judge := func(name, secret string) {
		if secret == "" {
			return
		}
		secrets++
		// A secret that consists of usual words and little else can be guessed.
		rest := strings.ToLower(secret)
		for _, word := range usual {
			rest = strings.ReplaceAll(rest, word, "")
		}
		if len(secret) < minSecret || len(rest) < minSecret/2 {
			r.problem(check, "take a long random one, such as that of \"openssl rand -hex 16\"", "%s can be guessed: it is short, or made of usual words", name)
		}
	}
	judge("the password in the address of NATS", passwordIn(t.NATS.URL))
	judge("the password in the address of the store", passwordIn(t.StoreURL))
	judge("http.read-token", t.ReadToken)
	judge("http.operate-token", t.OperateToken)
	if t.ReadToken != "" && t.ReadToken == t.OperateToken {
		r.problem(check, "take two different ones", "http.read-token and http.operate-token are the same: whoever reads may erase")
	}
	switch {
	case secrets == 0:
		r.skip(check, "none can be seen from here")
	case r.isFine(check):
		r.ok(check, "none of the %d that can be seen from here is weak", secrets)
	}
}

func passwordIn(list string) string {
	for _, one := range strings.Split(list, ",") {
		if u, err := url.Parse(strings.TrimSpace(one)); err == nil && u.User != nil {
			if password, ok := u.User.Password(); ok {
				return password
			}
		}
	}
	return ""
}

// examineDisk looks at the disk of the embedded server and store.
func examineDisk(_ context.Context, t Target, r *report) {
	const check = "disk"
	if t.DataDir == "" {
		r.skip(check, "no data folder is on this machine")
		return
	}
	space, err := disk.Of(t.DataDir)
	switch {
	case err != nil:
		r.problem(check, "name the folder with --data", "the data folder %s cannot be read: %v", t.DataDir, err)
	case space.Free < 2*t.MinFree:
		r.problem(check, "make room; the pipeline stops in order when less than data.min-free is left", "%d MB are left on the disk of %s", space.Free>>20, t.DataDir)
	default:
		r.ok(check, "%d MB are left on the disk of %s", space.Free>>20, t.DataDir)
	}
}

// Count is how many findings have a status.
func Count(findings []Finding, status Status) int {
	return len(slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Status != status }))
}
