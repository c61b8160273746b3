package postgrestest

import "syscall"

// attributes returns process attributes that stop the server if the tests are killed.
func attributes(identity *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: identity, Pdeathsig: syscall.SIGINT}
}
