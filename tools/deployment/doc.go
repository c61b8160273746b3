// Package deployment checks the files under deploy/ without starting anything: that
// the Compose file follows its own rules, that .env.example contains every setting,
// and that invalid settings and volumes are rejected with a one-line message.
package deployment
