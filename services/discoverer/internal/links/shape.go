package links

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strings"

	"github.com/dateline-news/dateline/internal/weburl"
)

// Limits of Shapes.
const (
	maxShapes = 128
	maxLists  = 256
	// maxCount is the number of links of a shape from which its counts are halved, so that a
	// redesign of the site soon shows.
	maxCount = 200
)

// Shapes counts the outcomes of the links of a site by the shapes of their URLs. The shape of
// /sport/2026/05/crane-moves-again.html is /sport/Y/d/s.html. Shapes takes at most about
// 2 KB. The zero value knows nothing.
type Shapes struct {
	counts map[uint32]count
	lists  []uint32 // hashes of URLs that are not articles, the oldest first from next
	next   int
}

// count is the number of links of a shape that were articles and that were not.
type count struct{ yes, no uint8 }

// Learn notes whether a link has led to an article of the site.
func (s *Shapes) Learn(u weburl.URL, article bool) {
	if s.counts == nil {
		s.counts = make(map[uint32]count)
	}
	exact, coarse := shapes(u)
	s.add(exact, article)
	s.add(coarse, article)
	key := hash(u.String())
	if article {
		s.forgive(key)
		return
	}
	if slices.Contains(s.lists, key) {
		return
	}
	if len(s.lists) < maxLists {
		s.lists = append(s.lists, key)
		return
	}
	s.lists[s.next] = key
	s.next = (s.next + 1) % maxLists
}

// forgiveness is the number of articles after which a link that was not one is tried again: its
// page may have been broken then.
const forgiveness = 64

// forgive removes a link that has led to an article from those that are not articles, and from
// time to time the oldest of them.
func (s *Shapes) forgive(key uint32) {
	at := slices.Index(s.lists, key)
	if at < 0 && len(s.lists) > 0 && key%forgiveness == 0 {
		at = s.next % len(s.lists)
	}
	if at < 0 {
		return
	}
	// The oldest comes first again, as Bytes stores them.
	oldest := slices.Concat(s.lists[s.next:], s.lists[:s.next])
	at = (at - s.next + len(oldest)) % len(oldest)
	s.lists, s.next = slices.Delete(oldest, at, at+1), 0
}

func (s *Shapes) add(key uint32, article bool) {
	c, ok := s.counts[key]
	if !ok && len(s.counts) >= maxShapes {
		s.evict()
	}
	if article {
		c.yes++
	} else {
		c.no++
	}
	if c.yes > maxCount || c.no > maxCount {
		c.yes, c.no = c.yes/2, c.no/2
	}
	s.counts[key] = c
}

// evict removes the shape with the fewest links.
func (s *Shapes) evict() {
	var least uint32
	fewest := 1 << 10
	for key, c := range s.counts {
		if n := int(c.yes) + int(c.no); n < fewest || n == fewest && key < least {
			least, fewest = key, n
		}
	}
	delete(s.counts, least)
}

const (
	// confidence is the number of links by which the estimate of a more general shape, or of
	// the URL alone, counts.
	confidence = 3
	// maxLearned bounds what outcomes can raise the probability to. Hubs often have URLs of
	// the same shape as articles, and only their place on the page tells them apart.
	maxLearned = 0.93
)

// estimate returns the probability by its URL that a link is an article. prior is the
// probability without knowledge of the site.
func (s *Shapes) estimate(u weburl.URL, prior float64) float64 {
	if s == nil || len(s.counts) == 0 {
		return prior
	}
	if slices.Contains(s.lists, hash(u.String())) {
		return 0
	}
	exact, coarse := shapes(u)
	p := s.counts[coarse].update(prior)
	return min(s.counts[exact].update(p), max(prior, maxLearned))
}

func (c count) update(prior float64) float64 {
	return (float64(c.yes) + confidence*prior) / (float64(c.yes) + float64(c.no) + confidence)
}

// shapes returns the hashes of a URL's shape with the names of sections and without.
func shapes(u weburl.URL) (exact, coarse uint32) {
	path, query, _ := strings.Cut(u.PathQuery(), "?")
	var names, kinds strings.Builder
	names.WriteString(u.Host())
	kinds.WriteByte('*')
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i, segment := range segments {
		kind := classify(segment)
		names.WriteByte('/')
		kinds.WriteByte('/')
		if i < len(segments)-1 && (kind == "w" || kind == "s") {
			names.WriteString(segment[:min(len(segment), 20)])
		} else {
			names.WriteString(kind)
		}
		kinds.WriteString(kind)
		if i >= 7 {
			break
		}
	}
	if strings.HasSuffix(path, "/") {
		names.WriteByte('/')
	}
	if query != "" {
		keys := queryKeys(query)
		names.WriteString("?" + keys)
		kinds.WriteString("?" + keys)
	}
	return hash(names.String()), hash(kinds.String())
}

func queryKeys(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "!"
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key[:min(len(key), 20)])
	}
	slices.Sort(keys)
	return strings.Join(keys[:min(len(keys), 4)], ",")
}

func hash(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return h.Sum32()
}

const shapesVersion = 1

var errShapes = errors.New("the stored URL shapes are damaged")

// Bytes returns the shapes for storage, in at most 1,800 bytes.
func (s *Shapes) Bytes() []byte {
	b := []byte{shapesVersion, byte(len(s.counts))}
	keys := make([]uint32, 0, len(s.counts))
	for key := range s.counts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		b = binary.LittleEndian.AppendUint32(b, key)
		b = append(b, s.counts[key].yes, s.counts[key].no)
	}
	for i := range s.lists {
		b = binary.LittleEndian.AppendUint32(b, s.lists[(s.next+i)%len(s.lists)])
	}
	return b
}

// UnmarshalBinary reads what Bytes returned.
func (s *Shapes) UnmarshalBinary(b []byte) error {
	if len(b) < 2 || b[0] != shapesVersion || b[1] > maxShapes {
		return fmt.Errorf("%w: wrong start", errShapes)
	}
	n := int(b[1])
	b = b[2:]
	if len(b) < 6*n || (len(b)-6*n)%4 != 0 || (len(b)-6*n)/4 > maxLists {
		return fmt.Errorf("%w: wrong length", errShapes)
	}
	read := Shapes{counts: make(map[uint32]count, n)}
	for range n {
		read.counts[binary.LittleEndian.Uint32(b)] = count{yes: b[4], no: b[5]}
		b = b[6:]
	}
	for ; len(b) > 0; b = b[4:] {
		read.lists = append(read.lists, binary.LittleEndian.Uint32(b))
	}
	*s = read
	return nil
}
