#!/usr/bin/env bash
# Before a server stops: wait until a majority of the voters serves without it, and until a leader's followers are in
# sync, so that its successor stands ready. Gives up after a minute: the machine may be going anyway.
set -uo pipefail

local_answer() {
  exec 3<>/dev/tcp/127.0.0.1/2181 || return 1
  printf '%s' "$1" >&3
  cat <&3
}

asks() { # another server's state, over its clients' port and with this server's own certificate
  port=$(awk -v number="$2" '$1 == number { print $2 }' /members/clients)
  printf srvr | timeout 3 openssl s_client -quiet -connect "$1:${port:-2281}" -servername "$1" -verify_hostname "$1" \
    -verify_return_error -CAfile /tls/client-ca.pem -cert /tls/server.pem -key /tls/server.pem 2>/dev/null
}

members=$(sed -n 's/^dynamicConfigFile=//p' /data/conf/zoo.cfg)
voters=$(sed -nE 's/^server\.([0-9]+)=([^:]+):.*participant.*/\1 \2/p' "$members")
majority=$(($(wc -l <<<"$voters") / 2 + 1))

spared() {
  [[ $(local_answer srvr) =~ Mode:\ ([a-z]+) ]] || return 0 # it serves nobody as it is
  mode=${BASH_REMATCH[1]}
  [ "$mode" != observer ] || return 0
  serving=0
  while read -r number host; do
    [ "$number" = "$SERVER_ID" ] && continue
    [[ $(asks "$host" "$number") =~ Mode:\ (leader|follower) ]] && serving=$((serving + 1))
  done <<<"$voters"
  [ "$serving" -ge "$majority" ] || return 1
  [ "$mode" != leader ] && return 0
  synced=$(local_answer mntr | sed -nE 's/^zk_synced_followers\t([0-9]+).*/\1/p')
  [ "${synced:-0}" -ge "$majority" ]
}

for _ in $(seq 60); do
  spared && exit 0
  sleep 1
done
