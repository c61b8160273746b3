// Package access keeps the tokens that allow requests to the web page and the API, and the
// audit log: who changed or exported something, and when.
package access

import "github.com/dateline-news/dateline/services/indexer/store"

// Access reads and writes the tokens and the audit log of a store.
type Access struct{ db store.Database }

// Of returns the tokens and the audit log of a store.
func Of(s interface{ SQL() store.Database }) *Access { return &Access{s.SQL()} }
