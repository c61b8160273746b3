package webapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dateline-news/dateline/services/indexer/access"
)

// Tokens returns all tokens of the deployment, ordered by name.
func (c Client) Tokens(ctx context.Context) (all []access.Token, err error) {
	err = c.Get(ctx, "/tokens", &all)
	return all, err
}

// Create creates a token and returns its text. A zero expiry means that it does not expire.
func (c Client) Create(
	ctx context.Context, name string, scopes []access.Scope, expiry, _ time.Time,
) (text string, token access.Token, err error) {
	var created struct {
		access.Token
		Text string `json:"token"`
	}
	err = c.send(ctx, http.MethodPost, "/tokens", struct {
		Name       string         `json:"name"`
		Scopes     []access.Scope `json:"scopes"`
		ExpiryTime time.Time      `json:"expiry_time,omitzero"`
	}{name, scopes, expiry}, &created)
	return created.Text, created.Token, err
}

// Revoke deletes a token.
func (c Client) Revoke(ctx context.Context, name string) error {
	err := c.send(ctx, http.MethodDelete, "/tokens/"+url.PathEscape(name), nil, nil)
	if errors.Is(err, ErrNotFound) {
		return access.ErrNoToken
	}
	return err
}

// Entries returns entries of the audit log, newest first.
func (c Client) Entries(ctx context.Context, f access.EntryFilter) (entries []access.Entry, err error) {
	query := url.Values{"limit": {strconv.Itoa(f.Limit)}}
	for name, value := range map[string]string{"actor": f.Actor, "action": f.Action} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if !f.Since.IsZero() {
		query.Set("since", f.Since.UTC().Format(time.RFC3339Nano))
	}
	if f.Before > 0 {
		query.Set("before", strconv.FormatInt(f.Before, 10))
	}
	err = c.Get(ctx, "/audit?"+query.Encode(), &entries)
	return entries, err
}
