/** The names of what a test can need of the machine; `requirements.ts` finds out what is there. */

import type { PeerName } from './peers.ts';

/** Programs and the Debian packages that bring them. */
export const PROGRAMS = {
  ip: 'iproute2',
  ping: 'iputils-ping',
  tcpdump: 'tcpdump',
  cc: 'gcc libc6-dev',
  unshare: 'util-linux',
  openssl: 'openssl',
  debootstrap: 'debootstrap',
  promtool: 'prometheus',
  prometheus: 'prometheus',
  'systemd-analyze': 'systemd',
  'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross libstdc++6-arm64-cross',
  'qemu-aarch64-static': 'qemu-user-static',
} as const;
export const LINK_TYPES = ['veth', 'bridge', 'dummy', 'ipip', 'vrf', 'vxlan'] as const;

export type Program = keyof typeof PROGRAMS;
export type LinkType = (typeof LINK_TYPES)[number];
/**
 * `netns`: may make named network namespaces. `user-netns`: may make them without being root.
 * `native`: the socket shim is built. `test-data`: the public vectors and tables are there.
 * A link type: the kernel can make such an interface.
 */
export type Requirement =
  | 'root'
  | 'netns'
  | 'user-netns'
  | 'tun'
  | 'ipv6'
  | 'native'
  | 'test-data'
  | 'docker'
  | Program
  | LinkType
  | PeerName;
