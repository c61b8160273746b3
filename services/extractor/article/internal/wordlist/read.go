package wordlist

import (
	"embed"
	"fmt"
)

// Read returns the list lists/NAME.txt of a package's embedded files.
//
// Read panics if the package has no such list: lists are part of the program.
func Read(files embed.FS, name string) string {
	list, err := files.ReadFile("lists/" + name + ".txt")
	if err != nil {
		panic(fmt.Sprintf("wordlist: reading list %s: %v", name, err))
	}
	return string(list)
}
