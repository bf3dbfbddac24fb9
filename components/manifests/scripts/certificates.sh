#!/usr/bin/env bash
# Copy certificates from their Secret to where the server reads them, and again whenever they change.
# A Secret changes by a swapped symbolic link, which ZooKeeper's watch of its files does not see (X509Util, 3.9.5).
# Authorities come first: a certificate must not arrive before the one who vouches for it is known.
set -euo pipefail

copy() {
  for file in peer-ca.pem client-ca.pem peer.pem server.pem; do
    if ! cmp -s "/secret/$file" "/tls/$file"; then
      cp "/secret/$file" "/tls/.$file"
      mv "/tls/.$file" "/tls/$file"
      echo "$file is new"
    fi
  done
}

# The first process of a container hears no signal that it does not ask for.
trap 'exit 0' TERM
copy
touch /tls/ready
while sleep "${EVERY_SECONDS:-5}" & wait $!; do copy; done
