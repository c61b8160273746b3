// Package picture finds the addresses of pictures that scripts load, and recognises
// pictures that do not illustrate anything.
package picture
