package postgrestest

import "syscall"

// attributes lets the server end with the tests, should they be killed.
func attributes(identity *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: identity, Pdeathsig: syscall.SIGINT}
}
