// Package deployment checks what is under deploy/ without starting it: that the
// Compose file keeps to its own rules, that .env.example holds every setting,
// and that bad settings and volumes are refused in one line.
package deployment
