// Package modules tests the root module as users get it: from a module proxy, without
// the workspace and without the repository.
package modules
