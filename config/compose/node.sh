#!/bin/sh
# Entry point of a node: what the machine and Felix would have prepared (default routes, tunl0, a
# pod address), then the daemon. GATEWAY4, GATEWAY6, NODE4, TUNNEL4, POD4, POD6 come from outside.
set -eu

ip route replace default via "$GATEWAY4"
ip -6 route replace default via "$GATEWAY6"

if ip link add tunl0 type ipip 2>/dev/null || [ -e /sys/class/net/tunl0 ]; then
  echo "tunl0: the kernel's own IP-in-IP device"
else
  echo "tunl0: a stand-in; this kernel has no IP-in-IP (on the host: modprobe ipip)"
  ipip-standin "$NODE4" tunl0 &
  until [ -e /sys/class/net/tunl0 ]; do sleep 0.1; done
fi
ip address add "$TUNNEL4/32" dev tunl0
ip link set tunl0 mtu 1480 up

# Stands for a pod: an address of the block that answers.
ip address add "$POD4/32" dev lo
ip -6 address add "$POD6/128" dev lo

exec godwitd --config /etc/godwit/godwit.yaml
