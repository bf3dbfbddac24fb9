#!/usr/bin/env bash
# Before the server's first start in a pod: its id, its membership, the configuration's own part, and its data.
# A server's membership is what it last knew: reconfiguration changes it, and only an empty server takes the file's.
set -euo pipefail

conf=/data/conf
snapshots=/data/version-2
logs=$snapshots
if grep -q "^dataLogDir=/datalog$" /conf/zoo.cfg; then logs=/datalog/version-2; fi

# Logs that were written to a volume of their own hold acknowledged writes: without it the server would forget them.
if [ -e /data/logs-apart ] && [ "$logs" = "$snapshots" ]; then
  echo "the transaction log lies on a volume of its own, which is not mounted: set ensemble.logStorage again" >&2
  exit 1
fi
mkdir -p "$conf" "$snapshots" "$logs"
if [ "$logs" != "$snapshots" ]; then
  touch /data/logs-apart
  find "$snapshots" -name 'log.*' -exec mv {} "$logs/" \;
fi

# Go back to a backup, once: what was there is kept aside, and not overwritten (-n) by what a restore that was cut off
# had already put in its place. Epochs follow from the restored data.
if [ -n "${RESTORE:-}" ] && [ ! -e "/data/restored-$RESTORE" ]; then
  chosen=$(find /backup -mindepth 1 -maxdepth 1 -name '[0-9]*Z' -printf '%f\n' 2>/dev/null | sort |
    awk -v last="$RESTORE" '$0 <= last' | tail -n 1)
  aside=/data/before-$RESTORE
  mkdir -p "$aside/logs"
  find "$snapshots" -mindepth 1 -maxdepth 1 -exec mv -n {} "$aside/" \;
  if [ "$logs" != "$snapshots" ]; then find "$logs" -mindepth 1 -maxdepth 1 -exec mv -n {} "$aside/logs/" \;; fi
  if [ -n "$chosen" ]; then
    cp "/backup/$chosen"/snapshot.* "$snapshots/"
    cp "/backup/$chosen"/log.* "$logs/"
  fi
  echo "restored ${chosen:-nothing: no backup of this server is that old}"
  touch "/data/restored-$RESTORE"
fi

# Only a new ensemble's servers are given its first data; an empty server of an old one joins, and has no vote before.
if [ -e /members/snapshot.0 ] && [ -z "$(find "$snapshots" -name 'snapshot.*' -print -quit)" ]; then
  cp /members/snapshot.0 "$snapshots/.snapshot" && mv "$snapshots/.snapshot" "$snapshots/snapshot.0"
fi

members=$(sed -n 's/^dynamicConfigFile=//p' "$conf/zoo.cfg" 2>/dev/null || true)
if [ ! -s "${members:-/nowhere}" ]; then
  members=$conf/zoo.cfg.dynamic
  cp /members/servers.cfg "$conf/.members" && mv "$conf/.members" "$members"
fi
{ cat /conf/zoo.cfg; echo "dynamicConfigFile=$members"; } >"$conf/.zoo.cfg"
mv "$conf/.zoo.cfg" "$conf/zoo.cfg"
printf '%s\n' "$SERVER_ID" >/data/myid
