#!/usr/bin/env bash
# `health.sh live`: the server answers at all, in a quorum or not: one of a minority must live on. One that could not
# write must not: it goes on in the same log behind a record that was cut off, and reads no further when it restarts.
# `health.sh ready`: it is in a quorum and serves. One that never was in a quorum is ready when it lives: the servers
# of a new ensemble come one after another, and none could serve before the second. Its epoch is 0 until then.
set -euo pipefail

ask() {
  exec 3<>/dev/tcp/127.0.0.1/2181
  printf '%s' "$1" >&3
  cat <&3
}

case $1 in
  live) [ "$(ask ruok)" = imok ] && ! grep -q $'^zk_unrecoverable_error_count\t[1-9]' <<<"$(ask mntr)" ;;
  ready)
    answer=$(ask srvr)
    [[ $answer =~ Mode:\ (leader|follower|observer) ]] ||
      { [ "$(cat /data/version-2/currentEpoch 2>/dev/null || echo 0)" = 0 ] && [[ $answer == *"not currently serving"* ]]; }
    ;;
esac
