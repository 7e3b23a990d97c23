#!/bin/sh
# Entry point of a node: what the machine and Felix would have prepared, then the daemon. Each of these is left out
# where it is not set: GATEWAY4, GATEWAY6 (default routes), NODE4 and TUNNEL4 (tunl0), POD4, POD6 (a pod's addresses).
set -eu

if [ -n "${GATEWAY4:-}" ]; then ip route replace default via "$GATEWAY4"; fi
if [ -n "${GATEWAY6:-}" ]; then ip -6 route replace default via "$GATEWAY6"; fi

tunnel() {
  if ip link add tunl0 type ipip 2>/dev/null || ip link show dev tunl0 >/dev/null 2>&1; then
    echo "tunl0: the kernel's own IP-in-IP device"
  else
    echo "tunl0: a stand-in; this kernel has no IP-in-IP (on the host: modprobe ipip)"
    ipip-standin "$NODE4" tunl0 &
    until ip link show dev tunl0 >/dev/null 2>&1; do sleep 0.1; done
  fi
  ip address add "$TUNNEL4/32" dev tunl0
  ip link set tunl0 mtu 1480 up
}
if [ -n "${TUNNEL4:-}" ]; then tunnel; fi

# Stands for a pod: an address of the block that answers.
if [ -n "${POD4:-}" ]; then ip address add "$POD4/32" dev lo; fi
if [ -n "${POD6:-}" ]; then ip -6 address add "$POD6/128" dev lo; fi

exec godwitd --config /etc/godwit/godwit.yaml
