#!/bin/sh
# Entry point of the outside peer: GoBGP, and once it answers, the prefixes of ANNOUNCE. GATEWAY4 and GATEWAY6 are
# its default routes, where nothing else has set them.
set -eu

if [ -n "${GATEWAY4:-}" ]; then ip route replace default via "$GATEWAY4"; fi
if [ -n "${GATEWAY6:-}" ]; then ip -6 route replace default via "$GATEWAY6"; fi

gobgpd -f /etc/gobgp.toml --api-hosts 127.0.0.1:50051 &
daemon=$!
trap 'kill "$daemon"' TERM INT
until gobgp global >/dev/null 2>&1; do
  kill -0 "$daemon" # it has ended: so do we
  sleep 0.2
done
for prefix in ${ANNOUNCE:-}; do
  case $prefix in
    *:*) gobgp global rib add "$prefix" -a ipv6 ;;
    *) gobgp global rib add "$prefix" -a ipv4 ;;
  esac
done
wait "$daemon"
