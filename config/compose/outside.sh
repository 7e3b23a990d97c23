#!/bin/sh
# Entry point of the outside peer: GoBGP, and once it answers, the prefixes it announces.
set -eu

ip route replace default via "$GATEWAY4"
ip -6 route replace default via "$GATEWAY6"

gobgpd -f /etc/gobgp.toml --api-hosts 127.0.0.1:50051 &
daemon=$!
trap 'kill "$daemon"' TERM INT
until gobgp global >/dev/null 2>&1; do
  kill -0 "$daemon" # it has ended: so do we
  sleep 0.2
done
gobgp global rib add 198.51.100.0/26 -a ipv4
gobgp global rib add 2001:db8:51::/122 -a ipv6
wait "$daemon"
