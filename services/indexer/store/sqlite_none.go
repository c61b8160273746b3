//go:build nosqlite

package store

const hasSQLite = false

func sqliteCode(error) (code int, ok bool) { return 0, false }
