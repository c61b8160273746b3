package store

// SQLite's primary result codes that the store tells apart
// (https://www.sqlite.org/rescode.html).
const (
	sqlitePermission   = 3
	sqliteBusy         = 5
	sqliteReadOnly     = 8
	sqliteCorrupt      = 11
	sqliteCannotOpen   = 14
	sqliteTooBig       = 18
	sqliteConstraint   = 19
	sqliteMismatch     = 20
	sqliteNotADatabase = 26
)
