// Package languages tests that articles in many languages are extracted and found.
package languages
