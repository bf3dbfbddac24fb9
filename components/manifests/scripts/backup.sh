#!/usr/bin/env bash
# Every so often, or now with `backup.sh once`: a copy of the newest snapshots and of the log from there on. A snapshot
# alone is not consistent, for writes go on while it is written. A log that was cut within a record is copied anew.
set -euo pipefail

snapshots=/data/version-2
logs=$snapshots
if grep -q "^dataLogDir=/datalog$" /conf/zoo.cfg; then logs=/datalog/version-2; fi

# The newest snapshots, oldest first. Three: of one that was damaged on the disk nothing tells, and a server that finds
# it damaged goes back to the one before.
newest() { find "$snapshots" -maxdepth 1 -name 'snapshot.*' -printf '%f\n' | while read -r name; do
  printf '%016x %s\n' "0x${name#snapshot.}" "$name"
done | sort | tail -n 3 | cut -d ' ' -f 2; }

# The logs from a snapshot on: the one that begins with the next write, or else the one that holds it, and all later.
following() {
  local from=$((16#$1)) list
  list=$(find "$logs" -maxdepth 1 -name 'log.*' -printf '%f\n' | while read -r name; do
    printf 'x%016x %s\n' "0x${name#log.}" "$name"
  done | sort)
  # The x keeps awk from reading 1000001e5 as a number.
  awk -v begin="$(printf 'x%016x' $((from + 1)))" '$1 <= begin { last = $2 } $1 > begin { later = later " " $2 }
    END { print last later }' <<<"$list"
}

# A snapshot is written in its place, and whole when it ends in this mark (SnapStream, 3.9.5).
sealed() { [ "$(tail -c 5 "$1" | od -An -tx1 | tr -d ' \n')" = 000000012f ]; }

# Whether a server could read a log up to its end, or up to a record that was cut off where the log after it goes on,
# or goes on from the snapshot: a disk that was full leaves one (docs/ensemble.md). The toolkit ends well after a wrong
# sum, and badly after a cut: with a wrong sum of the last record where zeros of the log's padding are left behind it.
sound() {
  local damaged whole last
  read -r damaged whole last < <(
    { java -XX:-UsePerfData -cp '/zookeeper/lib/*' org.apache.zookeeper.server.persistence.TxnLogToolkit "$1" 2>&1 || true; } |
      awk '/^CRC ERROR/ { damaged++; before = last } /^EOF reached after/ { whole = 1 }
        match($0, / zxid 0x[0-9a-f]+ /) { last = substr($0, RSTART + 6, RLENGTH - 7) }
        /^CRC ERROR/ { at = last }
        /^Last transaction was partial/ && at == last { damaged--; last = before }
        END { print damaged + 0, whole + 0, last ? last : "0x0" }')
  if [ "$damaged" != 0 ]; then return 1; fi
  [ "$whole" = 1 ] || { [ -n "$2" ] && goes_on $((last > 16#$3 ? last : 16#$3)) $((16#${2#log.})); }
}

# Whether nothing lies between two writes: the next number, or an epoch's first, if the server made up for none by a
# snapshot between them.
goes_on() {
  if [ "$2" = $(($1 + 1)) ]; then return 0; fi
  if [ "$2" -le "$1" ] || [ $(($2 & 0xffffffff)) != 1 ]; then return 1; fi
  local name
  for name in "$snapshots"/snapshot.*; do
    if [ $((16#${name##*.})) -gt "$1" ] && [ $((16#${name##*.})) -lt "$2" ]; then return 1; fi
  done
}

# Fewer snapshots where an older log is damaged on the disk: the server itself has gone on from a later one.
copy() { attempt 3 || attempt 2 || attempt 1; }

attempt() {
  local stamp first target chain index log
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  target=/backup/.$stamp
  rm -rf "$target"
  mkdir -p "$target"
  first=$(newest | tail -n "$1" | head -n 1)
  for snapshot in $(newest | tail -n "$1"); do
    if ! cp "$snapshots/$snapshot" "$target/" || ! sealed "$target/$snapshot"; then
      echo "$snapshot could not be copied whole" >&2
      rm -r "$target"
      return 1
    fi
  done
  read -ra chain < <(following "${first#snapshot.}")
  for index in "${!chain[@]}"; do
    log=${chain[$index]}
    for _ in 1 2 3; do
      cp "$logs/$log" "$target/$log"
      sound "$target/$log" "${chain[$((index + 1))]:-}" "${first#snapshot.}" && break
      rm "$target/$log"
    done
    [ -e "$target/$log" ] || { echo "$log could not be copied whole" >&2; rm -r "$target"; return 1; }
  done
  mv "$target" "/backup/$stamp"
  echo "backup $stamp: $first and what came after it"
  find /backup -mindepth 1 -maxdepth 1 -name '[0-9]*Z' -printf '%f\n' | sort | head -n "-$KEEP" |
    while read -r old; do rm -r "/backup/$old"; done
}

if [ "${1:-}" = once ]; then
  copy
  exit
fi
# The first process of a container hears no signal that it does not ask for.
trap 'exit 0' TERM
rm -rf /backup/.[0-9]*
while true; do
  if [ -n "$(newest)" ]; then copy || true; fi
  sleep "$EVERY_SECONDS" & wait $!
done
