package access

import "time"

// NewKeyringAt returns a keyring with a clock.
func NewKeyringAt(a *Access, now func() time.Time) *Keyring {
	k := NewKeyring(a)
	k.now = now
	return k
}
