#!/bin/sh
# Copies the certificates in /source to /tls, into one folder per container. Only the
# user of the container may read its key.
# Usage: certificates.sh NAME:USER_ID…
set -eu
for one; do
  name=${one%:*}
  for file in ca.pem "$name.pem" "$name.key"; do
    if [ ! -s "/source/$file" ]; then
      echo "the folder of certificates has no $file: run ./tls.sh, or set TLS_FOLDER in .env to its folder" >&2
      exit 1
    fi
  done
  # Write under another name, then rename: a server that reloads never reads half a file.
  install() {
    cp "/source/$1" "/tls/$name/.new"
    chmod 0400 "/tls/$name/.new"
    chown "${one#*:}" "/tls/$name/.new"
    mv "/tls/$name/.new" "/tls/$name/$2"
  }
  install ca.pem ca.pem
  install "$name.pem" certificate.pem
  install "$name.key" key.pem
done
