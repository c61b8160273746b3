package access

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// keyringAge is how long a keyring uses what it has read: a revoked token is
	// refused after that.
	keyringAge = 10 * time.Second
	// missAge is the same for a text that is not a known token: it may have been created since.
	missAge = time.Second
	// keyringTimeout is the maximum duration of reading the tokens, and keyringPause the pause
	// after a failure.
	keyringTimeout = 3 * time.Second
	// usesTimeout is the part of it for storing the last uses.
	usesTimeout  = time.Second
	keyringPause = time.Second
	// useInterval is how exactly the last use of a token is stored.
	useInterval = time.Hour
)

// Keyring finds tokens by their texts. It reads them from the store at most once a
// second, whatever texts requests have.
type Keyring struct {
	access *Access
	now    func() time.Time

	mu       sync.Mutex
	tokens   map[string]Token // by digest
	readTime time.Time
	failure  error // of the last attempt to read
	failTime time.Time
	used     map[string]time.Time // last uses that are not stored yet, by name
}

// NewKeyring returns a keyring of the tokens in a store.
func NewKeyring(a *Access) *Keyring { return &Keyring{access: a, now: time.Now} }

// Find returns the valid token with the text. It reports whether one exists. It returns an
// error if the tokens cannot be read.
func (k *Keyring) Find(ctx context.Context, text string) (token Token, ok bool, err error) {
	if !strings.HasPrefix(text, prefix) {
		return Token{}, false, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if err := k.update(ctx, now, keyringAge); err != nil {
		return Token{}, false, err
	}
	// The digest of what was sent is looked up: the time of a comparison tells nothing about
	// the token.
	token, ok = k.tokens[digest(text)]
	if !ok {
		if err := k.update(ctx, now, missAge); err != nil {
			return Token{}, false, err
		}
		token, ok = k.tokens[digest(text)]
	}
	if !ok || token.Expired(now) {
		return Token{}, false, nil
	}
	if now.Sub(token.UseTime) >= useInterval {
		k.used[token.Name] = now
	}
	return token, true, nil
}

// Any reports whether any tokens are known.
func (k *Keyring) Any(ctx context.Context) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.update(ctx, k.now(), keyringAge) == nil && len(k.tokens) > 0
}

// update reads the tokens if what is known is older than an age.
func (k *Keyring) update(ctx context.Context, now time.Time, age time.Duration) error {
	if now.Sub(k.readTime).Abs() < age {
		return nil
	}
	if k.failure == nil || now.Sub(k.failTime).Abs() >= keyringPause {
		k.failure = k.refresh(ctx, now)
		k.failTime = k.now()
	}
	return k.failure
}

// refresh stores the last uses, and reads the tokens. Uses that cannot be stored are stored later, so
// that tokens are valid while the store can only be read.
func (k *Keyring) refresh(ctx context.Context, now time.Time) error {
	// The request may be given up, and others wait for the result.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyringTimeout)
	defer cancel()
	stored := k.storeUses(ctx)
	all, err := k.access.read(ctx)
	if err != nil {
		return err
	}
	k.tokens, k.readTime = make(map[string]Token, len(all)), now
	if stored == nil {
		k.used = map[string]time.Time{}
	}
	for _, one := range all {
		k.tokens[one.digest] = one.Token
	}
	return nil
}

// storeUses stores the last uses.
func (k *Keyring) storeUses(ctx context.Context) error {
	if len(k.used) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, usesTimeout)
	defer cancel()
	return k.access.db.Write(ctx, "storing the last uses of tokens", func(ctx context.Context, tx *sql.Tx) error {
		for name, at := range k.used {
			if _, err := tx.ExecContext(ctx, `UPDATE access_tokens SET use_time = $2 WHERE name = $1 AND use_time < $2`,
				name, store.Micros(at)); err != nil {
				return err
			}
		}
		return nil
	})
}
