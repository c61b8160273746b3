#!/bin/sh
# Writes a private certificate authority and a certificate for each container into a
# folder, for compose.tls.yaml. If the folder already has an authority, the script keeps
# it and renews the certificates. Requires OpenSSL 3.
# Usage: tls.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/tls}
days=${DAYS:-365}

if ! command -v openssl >/dev/null; then
  echo "$0: openssl is missing: install the package openssl" >&2
  exit 1
fi
umask 077
mkdir -p "$folder"
partial=$(mktemp -d "$folder/.new.XXXXXX")
trap 'rm -rf "$partial"' EXIT

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

if [ ! -e "$folder/ca.key" ]; then
  key "$partial/ca.key"
  openssl req -x509 -new -key "$partial/ca.key" -days 3650 -subj '/CN=Dateline private authority' \
    -addext 'keyUsage=critical,keyCertSign,cRLSign' -out "$partial/ca.pem"
  mv "$partial/ca.pem" "$folder/ca.pem"
  mv "$partial/ca.key" "$folder/ca.key" # last: it marks the authority as complete
fi

# certificate NAME [HOST…]: for a client with that name, and for a server on these hosts.
certificate() {
  name=$1
  shift
  usage=clientAuth
  hosts=
  if [ $# -gt 0 ]; then
    usage=clientAuth,serverAuth
    hosts=IP:127.0.0.1
    for host; do hosts=$hosts,DNS:$host; done
  fi
  key "$partial/$name.key"
  {
    echo 'basicConstraints=critical,CA:FALSE'
    echo 'keyUsage=critical,digitalSignature'
    echo "extendedKeyUsage=$usage"
    [ -z "$hosts" ] || echo "subjectAltName=$hosts"
  } >"$partial/$name.ext"
  openssl req -new -key "$partial/$name.key" -subj "/CN=$name" -out "$partial/$name.csr"
  openssl x509 -req -in "$partial/$name.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -days "$days" \
    -extfile "$partial/$name.ext" -out "$partial/$name.pem" 2>/dev/null
  mv "$partial/$name.key" "$folder/$name.key"
  mv "$partial/$name.pem" "$folder/$name.pem"
}

certificate nats nats nats-2 nats-3 localhost
certificate postgres postgres localhost
for client in setup fetcher discoverer extractor archiver indexer notifier operator monitor client; do certificate "$client"; done
echo "wrote certificates valid for $days days to $folder; ca.key signs further ones: keep it secret"
