package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dateline-news/dateline/services/indexer/access"
)

type createTokenInput struct {
	Body struct {
		Name       string         `json:"name" minLength:"1" maxLength:"63" doc:"Name that no other token has: lower-case letters, digits and . _ -"`
		Scopes     []access.Scope `json:"scopes" minItems:"1" maxItems:"3" doc:"What the token allows: read; subscribe, to manage subscriptions and saved searches; operate, for every change. Each also allows reading."`
		ExpiryTime time.Time      `json:"expiry_time,omitzero" doc:"When the token expires. Without it, never."`
	}
}

// createdToken is a token with its text.
type createdToken struct {
	access.Token
	Text string `json:"token" doc:"The token. It is not stored, and no other response has it."`
}

type tokenName struct {
	Name string `path:"name" maxLength:"63" doc:"Name of the token."`
}

type auditInput struct {
	Actor  string    `query:"actor" maxLength:"1024" doc:"Only what this actor did."`
	Action string    `query:"action" maxLength:"100" doc:"Only this action, such as erase."`
	Since  time.Time `query:"since" doc:"Only what began at this time or later."`
	Before int64     `query:"before" minimum:"0" doc:"Only entries before the one with this id."`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Maximum number of entries."`
}

func (s *service) registerAccess(a huma.API) {
	const needs = "Needs the operate token."
	huma.Register(a, operation{
		id: "tokens", path: "/tokens", tag: "access", summary: "List the tokens",
		description: "Ordered by name, without those of the settings. " + needs, errors: []int{http.StatusForbidden},
	}.huma(), func(ctx context.Context, _ *struct{}) (*body[[]access.Token], error) {
		all, err := s.Access().Tokens(ctx)
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		return &body[[]access.Token]{all}, nil
	})
	create := operation{
		id: "create-token", path: "/tokens", tag: "access", summary: "Create a token",
		description: "The response has the token, which is not stored. " + needs,
		errors:      []int{http.StatusBadRequest, http.StatusForbidden},
	}.huma()
	create.Method, create.DefaultStatus = http.MethodPost, http.StatusCreated
	huma.Register(a, create, func(ctx context.Context, in *createTokenInput) (*body[createdToken], error) {
		text, token, err := s.Access().Create(ctx, in.Body.Name, in.Body.Scopes, in.Body.ExpiryTime, time.Now())
		if errors.Is(err, access.ErrToken) {
			return nil, huma.Error400BadRequest(err.Error())
		}
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		return &body[createdToken]{createdToken{token, text}}, nil
	})
	revoke := operation{
		id: "revoke-token", path: "/tokens/{name}", tag: "access", summary: "Revoke a token",
		description: "Servers stop accepting it within ten seconds. " + needs,
		errors:      []int{http.StatusNotFound, http.StatusForbidden},
	}.huma()
	revoke.Method, revoke.DefaultStatus = http.MethodDelete, http.StatusNoContent
	huma.Register(a, revoke, func(ctx context.Context, in *tokenName) (*struct{}, error) {
		err := s.Access().Revoke(ctx, in.Name)
		if errors.Is(err, access.ErrNoToken) {
			return nil, huma.Error404NotFound(err.Error())
		}
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		return &struct{}{}, nil
	})
	huma.Register(a, operation{
		id: "audit", path: "/audit", tag: "access", summary: "Read the audit log",
		description: "Who changed or exported something, newest first, for 400 days. " + needs,
		errors:      []int{http.StatusForbidden},
	}.huma(), func(ctx context.Context, in *auditInput) (*body[[]access.Entry], error) {
		entries, err := s.Access().Entries(ctx, access.EntryFilter{
			Actor: in.Actor, Action: in.Action, Since: in.Since, Before: in.Before, Limit: in.Limit,
		})
		if err != nil {
			return nil, s.errorResponse(ctx, err)
		}
		return &body[[]access.Entry]{entries}, nil
	})
}
