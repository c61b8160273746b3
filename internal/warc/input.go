package warc

import (
	"bufio"
	"bytes"
	"io"
)

const (
	// bufferBytes is the size of the buffers for compressed and for plain bytes. A
	// header block must fit into it.
	bufferBytes = 128 << 10
	// historyBytes is how many bytes of the file can be read again. They include what
	// the buffer has read ahead.
	historyBytes = 2*bufferBytes + 256<<10
)

// input reads a file, counts its bytes and remembers the last of them. So the search
// for the next member can start right after the start of a broken one.
type input struct {
	*bufio.Reader
	file io.Reader
	// history holds the last bytes of the file, of which those from next on are to be
	// read again. base is the offset of the first.
	history []byte
	base    int64
	next    int
	// err is the error other than io.EOF that ended the file.
	err error
}

// failure returns the error other than io.EOF that ended the file, once everything before
// it has been read.
func (in *input) failure() error {
	if in.Buffered() > 0 || in.next < len(in.history) {
		return nil
	}
	return in.err
}

func newInput(file io.Reader) *input {
	in := &input{file: file}
	in.Reader = bufio.NewReaderSize(historian{in}, bufferBytes)
	return in
}

// historian is what the buffer of an input reads from.
type historian struct{ *input }

func (h historian) Read(p []byte) (int, error) {
	in := h.input
	if in.next < len(in.history) {
		n := copy(p, in.history[in.next:])
		in.next += n
		return n, nil
	}
	n, err := in.file.Read(p)
	if err != nil && err != io.EOF {
		in.err = err
	}
	if excess := len(in.history) + n - historyBytes; excess > 0 && len(in.history)+n > 2*historyBytes {
		in.history = in.history[:copy(in.history, in.history[min(excess, len(in.history)):])]
		in.base += int64(excess)
	}
	in.history = append(in.history, p[:n]...)
	in.next = len(in.history)
	return n, err
}

// offset returns the position in the file of the next byte.
func (in *input) offset() int64 { return in.base + int64(in.next-in.Buffered()) }

// rewind sets the position of the next byte. If the history does not reach that far
// back, it sets the earliest possible position.
func (in *input) rewind(offset int64) {
	in.next = int(max(offset, in.base) - in.base)
	in.Reset(historian{in})
}

// find moves to the next occurrence of a signature, and reports whether there is one.
func (in *input) find(signature []byte) bool {
	for {
		_, _ = in.Peek(len(signature)) // fills the buffer; its error shows in the length
		buffered, _ := in.Peek(in.Buffered())
		if i := bytes.Index(buffered, signature); i >= 0 {
			_, err := in.Discard(i)
			return err == nil
		}
		if len(buffered) < len(signature) {
			return false
		}
		if _, err := in.Discard(len(buffered) - len(signature) + 1); err != nil {
			return false
		}
	}
}
