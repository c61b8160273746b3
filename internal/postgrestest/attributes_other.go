//go:build unix && !linux

package postgrestest

import "syscall"

func attributes(identity *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: identity}
}
