// Package pace reads a file with the pauses of hosts and networks to which the usual
// pause does not apply, and lets hosts on one address take turns.
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

	"go.yaml.in/yaml/v3"
)

// recheck is how often a file is checked for changes.
const recheck = 10 * time.Second

// maxFile is the maximum size of a file, in bytes: room for some hundred thousand
// rules.
const maxFile = 16 << 20

// File provides the rules of a file, which is read again when it changes. A change
// that cannot be read leaves the rules as they were. File is safe for concurrent
// use, and a nil *File has no rules.
type File struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	checked time.Time
	stamp   string // size and modification time of the version that was read last
	rules   rules
}

// rules are the delays by host and by network.
type rules struct {
	hosts    map[string]time.Duration
	networks map[netip.Prefix]time.Duration
}

// rule is an item of the list in the file.
type rule struct {
	Host    string `yaml:"host"`
	Network string `yaml:"network"`
	Delay   string `yaml:"delay"`
}

// Open reads a file. For an empty path it returns nil, which has no rules.
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

// Host returns the delay of a host, and reports whether the file has one: for the
// host itself or for the closest parent domain. The host is in the form that it
// has in a URL, with or without a port.
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

// Network returns the delay of an address, and reports whether the file has one:
// for the narrowest network that contains the address.
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

// current returns the rules, after reading the file again if it has changed.
func (f *File) current() rules {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.checked) >= recheck {
		f.checked = now
		f.refresh()
	}
	return f.rules
}

// refresh reads the file again if it has changed. The caller holds mu.
func (f *File) refresh() {
	stamp, err := stampOf(f.path)
	if err == nil && stamp == f.stamp {
		return
	}
	if err == nil {
		err = f.read()
		f.stamp = stamp // a version that cannot be read is reported only once
	}
	if err != nil {
		f.log.Warn("reading the pace file failed, keeping the previous rules", "error", err)
		return
	}
	f.log.Info("pace file read again",
		"file", f.path, "hosts", len(f.rules.hosts), "networks", len(f.rules.networks))
}

// stampOf returns a text that changes with the file.
func stampOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("checking the pace file: %w", err)
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
		return fmt.Errorf("reading the pace file %s: it is larger than %d bytes", f.path, maxFile)
	}
	parsed, err := parse(text)
	if err != nil {
		return fmt.Errorf("parsing the pace file %s: %w", f.path, err)
	}
	f.rules, f.stamp = parsed, stamp
	return nil
}

// parse reads a list of rules. Its error lists every mistake.
func parse(text []byte) (rules, error) {
	var list []rule
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return rules{}, fmt.Errorf("it is not a list of {host or network, delay}: %w", err)
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
			problems = append(problems, fmt.Errorf("rule %d names both a host and a network, or neither: "+
				"give it exactly one", i+1))
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
