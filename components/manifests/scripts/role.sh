#!/usr/bin/env bash
# Print what the server is, whenever that changes: leader, follower, observer or none. The log's last line is what it is
# now; `fleet up` reads it there, with no more rights than to read logs.
set -uo pipefail

# The first process of a container hears no signal that it does not ask for.
trap 'exit 0' TERM
last=
while true; do
  now=none
  if exec 3<>/dev/tcp/127.0.0.1/2181; then
    printf srvr >&3
    [[ $(cat <&3) =~ Mode:\ ([a-z]+) ]] && now=${BASH_REMATCH[1]}
    exec 3>&-
  fi 2>/dev/null
  if [ "$now" != "$last" ]; then echo "$now"; fi
  last=$now
  sleep "${EVERY_SECONDS:-3}" & wait $!
done
