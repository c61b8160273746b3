// Package pace says how long hosts and addresses are left alone between two
// requests, where that is not the usual.
package pace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

// recheck is how often a file is looked at for changes.
const recheck = 10 * time.Second

// maxFile bounds a file, in bytes: some hundred thousand rules.
const maxFile = 16 << 20

// File is the rules in a file, which may be changed while they are in use. What
// cannot be read leaves those that were read before. It is safe for concurrent
// use; nil has no rules.
type File struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	checked time.Time
	stamp   string // size and time of the version that was read last
	rules   rules
}

// rules by host and by network, the narrower network first.
type rules struct {
	hosts    map[string]time.Duration
	networks map[netip.Prefix]time.Duration
}

// rule is one of the file's list.
type rule struct {
	Host    string `yaml:"host"`
	Network string `yaml:"network"`
	Delay   string `yaml:"delay"`
}

// Open reads a file; no path is no rules.
func Open(path string, log *slog.Logger, now func() time.Time) (*File, error) {
	if path == "" {
		return nil, nil
	}
	f := &File{path: path, log: log, now: now}
	if err := f.read(); err != nil {
		return nil, err
	}
	f.checked = now()
	return f, nil
}

// Host is the pause of a host, as a URL has it, with its port or without: given for
// itself or for the closest domain above.
func (f *File) Host(host string) (delay time.Duration, ok bool) {
	if f == nil {
		return 0, false
	}
	current := f.current()
	name := strings.ToLower(host)
	if bare, _, err := net.SplitHostPort(name); err == nil {
		name = bare
	}
	for name = strings.Trim(name, "[]"); name != ""; _, name, _ = strings.Cut(name, ".") {
		if delay, ok = current.hosts[name]; ok {
			return delay, true
		}
	}
	return 0, false
}

// Network is the pause of an address, given for the narrowest network that it is in.
func (f *File) Network(addr netip.Addr) (delay time.Duration, ok bool) {
	if f == nil {
		return 0, false
	}
	current := f.current()
	for bits := addr.BitLen(); bits >= 0 && len(current.networks) > 0; bits-- {
		prefix, err := addr.Prefix(bits)
		if err != nil {
			break
		}
		if delay, ok = current.networks[prefix]; ok {
			return delay, true
		}
	}
	return 0, false
}

// current returns the rules, read anew where the file has changed.
func (f *File) current() rules {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.checked) >= recheck {
		f.checked = now
		if stamp, err := stampOf(f.path); err != nil || stamp != f.stamp {
			if err == nil {
				err = f.read()
				f.stamp = stamp // a version that cannot be read is reported once
			}
			if err != nil {
				f.log.Warn("the pace file cannot be read; the rules stay as they were", "error", err)
			} else {
				f.log.Info("the pace file was read again", "file", f.path, "hosts", len(f.rules.hosts), "networks", len(f.rules.networks))
			}
		}
	}
	return f.rules
}

func stampOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("looking at the pace file: %w", err)
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano()), nil
}

func (f *File) read() error {
	stamp, err := stampOf(f.path)
	if err != nil {
		return err
	}
	file, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("opening the pace file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return fmt.Errorf("reading the pace file %s: %w", f.path, err)
	}
	if len(text) > maxFile {
		return fmt.Errorf("the pace file %s is larger than %d bytes", f.path, maxFile)
	}
	parsed, err := parse(text)
	if err != nil {
		return fmt.Errorf("the pace file %s: %w", f.path, err)
	}
	f.rules, f.stamp = parsed, stamp
	return nil
}

// parse reads a list of rules, and reports everything that is wrong with it.
func parse(text []byte) (rules, error) {
	var list []rule
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return rules{}, fmt.Errorf("it is no list of {host or network, delay}: %w", err)
	}
	out := rules{hosts: map[string]time.Duration{}, networks: map[netip.Prefix]time.Duration{}}
	var problems []error
	for i, r := range list {
		delay, err := time.ParseDuration(r.Delay)
		if err != nil || delay < 0 {
			problems = append(problems, fmt.Errorf("rule %d has the delay %q: write it as 5s or 250ms", i+1, r.Delay))
			continue
		}
		switch {
		case (r.Host == "") == (r.Network == ""):
			problems = append(problems, fmt.Errorf("rule %d names both a host and a network, or neither: give it one", i+1))
		case r.Host != "":
			out.hosts[strings.ToLower(r.Host)] = delay
		default:
			prefix, err := netip.ParsePrefix(r.Network)
			if err != nil {
				problems = append(problems, fmt.Errorf("rule %d has the network %q: write it as 192.0.2.0/24", i+1, r.Network))
				continue
			}
			out.networks[prefix.Masked()] = delay
		}
	}
	return out, errors.Join(problems...)
}
