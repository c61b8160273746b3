package baseline

import (
	"encoding/binary"
	"errors"
	"math"
)

// version is the version of the encoding.
const version = 1

// Bytes encodes the baseline: the version, the hours and counts as varints, and
// the moments as 64-bit floats.
func (b *Baseline) Bytes() []byte {
	data := []byte{version}
	for _, n := range []int64{b.First, b.Last, b.active, b.epoch} {
		data = binary.AppendVarint(data, n)
	}
	for _, f := range b.moments() {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(*f))
	}
	for _, count := range b.counts {
		data = binary.AppendUvarint(data, uint64(count))
	}
	return data
}

func (b *Baseline) moments() []*float64 {
	return []*float64{&b.gaps, &b.sum, &b.squares, &b.lastGap}
}

var errEncoding = errors.New("decoding baseline: damaged, or written by another version of the program")

// Parse decodes the output of Bytes.
func Parse(data []byte) (*Baseline, error) {
	if len(data) == 0 || data[0] != version {
		return nil, errEncoding
	}
	data = data[1:]
	b := &Baseline{}
	for _, n := range []*int64{&b.First, &b.Last, &b.active, &b.epoch} {
		value, size := binary.Varint(data)
		if size <= 0 {
			return nil, errEncoding
		}
		*n, data = value, data[size:]
	}
	for _, f := range b.moments() {
		if len(data) < 8 {
			return nil, errEncoding
		}
		*f, data = math.Float64frombits(binary.LittleEndian.Uint64(data)), data[8:]
	}
	for i := range b.counts {
		count, size := binary.Uvarint(data)
		if size <= 0 || count > math.MaxUint32 {
			return nil, errEncoding
		}
		b.counts[i], data = uint32(count), data[size:]
	}
	if len(data) != 0 {
		return nil, errEncoding
	}
	return b, nil
}
