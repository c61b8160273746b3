package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Scope is something that a token allows.
type Scope string

// Every scope also allows reading.
const (
	Read      Scope = "read"
	Subscribe Scope = "subscribe" // manage subscriptions and saved searches
	Operate   Scope = "operate"   // every change
)

// Scopes are all scopes.
func Scopes() []Scope { return []Scope{Read, Subscribe, Operate} }

// MaxTokens is the maximum number of tokens.
const MaxTokens = 1000

var (
	// ErrToken means that a token cannot be created. The message says why.
	ErrToken = errors.New("the token cannot be created")
	// ErrNoToken means that no token has the given name.
	ErrNoToken = errors.New("no token has this name")
)

// Token describes a token. The token itself is not kept.
type Token struct {
	Name       string    `json:"name"`
	Scopes     []Scope   `json:"scopes"`
	AddTime    time.Time `json:"add_time" doc:"When the token was created."`
	ExpiryTime time.Time `json:"expiry_time,omitzero" doc:"When the token expires. Absent if it does not expire."`
	UseTime    time.Time `json:"use_time,omitzero" doc:"When the token was last used, to the hour."`
}

// Allows reports whether the token has a scope. Every token allows reading.
func (t Token) Allows(scope Scope) bool {
	return scope == Read || slices.Contains(t.Scopes, Operate) || slices.Contains(t.Scopes, scope)
}

// Expired reports whether the token has expired.
func (t Token) Expired(now time.Time) bool {
	return !t.ExpiryTime.IsZero() && !now.Before(t.ExpiryTime)
}

// prefix marks tokens, so that programs that search for secrets find them in files.
const prefix = "dateline_"

// The actors in the audit log besides the tokens of the store.
const (
	ReadToken    = "read-token"    // the one of the settings
	OperateToken = "operate-token" // the one of the settings
	Anyone       = "anyone"        // no token is required
)

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Create creates a token and returns its text, which is 26 random characters with more than
// 128 bits of entropy after a prefix, and is not stored. No other token may have the name. A zero
// expiry means that it does not expire.
func (a *Access) Create(
	ctx context.Context, name string, scopes []Scope, expiry, now time.Time,
) (text string, token Token, err error) {
	if !validName.MatchString(name) {
		return "", Token{}, fmt.Errorf("%w: a name has 1 to 63 lower-case letters, digits and the characters . _ -, "+
			"and starts with a letter or digit", ErrToken)
	}
	if slices.Contains([]string{ReadToken, OperateToken, Anyone}, name) {
		return "", Token{}, fmt.Errorf("%w: %s means something else in the audit log; use another name", ErrToken, name)
	}
	if len(scopes) == 0 {
		return "", Token{}, fmt.Errorf("%w: name its scopes: read, subscribe or operate", ErrToken)
	}
	for _, scope := range scopes {
		if !slices.Contains(Scopes(), scope) {
			return "", Token{}, fmt.Errorf("%w: the scope %q does not exist; use read, subscribe or operate", ErrToken, scope)
		}
	}
	if !expiry.IsZero() && !expiry.After(now) {
		return "", Token{}, fmt.Errorf("%w: it would have expired on %s", ErrToken, expiry.UTC().Format(time.RFC3339))
	}
	token = Token{
		Name: name, Scopes: slices.Compact(slices.Sorted(slices.Values(scopes))),
		AddTime: now.UTC().Truncate(time.Microsecond), ExpiryTime: expiry.UTC().Truncate(time.Microsecond),
	}
	text = prefix + rand.Text()
	var created int64
	err = a.db.Write(ctx, "creating a token", func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO access_tokens (name, digest, scopes, add_time, expiry_time, use_time)
			SELECT $1, $2, $3, $4, $5, 0 WHERE (SELECT count(*) FROM access_tokens) < $6
			ON CONFLICT (name) DO NOTHING`,
			name, digest(text), joinScopes(token.Scopes), store.Micros(token.AddTime), store.Micros(token.ExpiryTime), MaxTokens)
		if err != nil {
			return err
		}
		created, err = result.RowsAffected()
		return err
	})
	if err == nil && created == 0 {
		err = fmt.Errorf("%w: one has this name, or %d tokens exist; revoke one first", ErrToken, MaxTokens)
	}
	if err != nil {
		return "", Token{}, err
	}
	return text, token, nil
}

// Tokens returns all tokens, ordered by name.
func (a *Access) Tokens(ctx context.Context) ([]Token, error) {
	all, err := a.read(ctx)
	tokens := make([]Token, len(all))
	for i, one := range all {
		tokens[i] = one.Token
	}
	return tokens, err
}

// Revoke deletes a token. Programs that use a Keyring accept it for ten more seconds.
func (a *Access) Revoke(ctx context.Context, name string) error {
	var revoked int64
	err := a.db.Write(ctx, "revoking a token", func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM access_tokens WHERE name = $1`, store.CleanText(name))
		if err != nil {
			return err
		}
		revoked, err = result.RowsAffected()
		return err
	})
	if err == nil && revoked == 0 {
		return ErrNoToken
	}
	return err
}

// row is a token with the digest by which it is found.
type row struct {
	Token
	digest string
}

func (a *Access) read(ctx context.Context) ([]row, error) {
	return store.ReadRows(ctx, a.db, "reading the tokens", func(rows *sql.Rows) (one row, err error) {
		var scopes string
		var added, expires, used int64
		err = rows.Scan(&one.Name, &one.digest, &scopes, &added, &expires, &used)
		for scope := range strings.SplitSeq(scopes, ",") {
			one.Scopes = append(one.Scopes, Scope(scope))
		}
		one.AddTime, one.ExpiryTime, one.UseTime = store.TimeOf(added), store.TimeOf(expires), store.TimeOf(used)
		return one, err
	}, `SELECT name, digest, scopes, add_time, expiry_time, use_time FROM access_tokens ORDER BY name`)
}

// digest returns the form in which a token is stored. A token is random and long, so that it
// needs neither a salt nor a slow hash.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func joinScopes(scopes []Scope) string {
	texts := make([]string, len(scopes))
	for i, scope := range scopes {
		texts[i] = string(scope)
	}
	return strings.Join(texts, ",")
}
