/**
 * Code points of rtnetlink as the kernel's uapi headers name them (linux/netlink.h, linux/rtnetlink.h,
 * linux/if_link.h, linux/if_addr.h). Only what godwit reads or writes; unknown values stay numbers.
 */

export const AddressFamily = { UNSPEC: 0, INET: 2, BRIDGE: 7, INET6: 10 } as const;

/** `nlmsg_type`. */
export const MessageType = {
  ERROR: 2,
  DONE: 3,
  OVERRUN: 4,
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
} as const;

/** Where `nlmsg_type` and `nlmsg_pid` stand in a message. */
export const MESSAGE_TYPE_OFFSET = 4;
export const PORT_ID_OFFSET = 12;

/** `nlmsg_flags`. Bits above 0xff mean different things in requests, answers and acknowledgements. */
export const MessageFlag = {
  REQUEST: 0x01,
  MULTI: 0x02,
  ACK: 0x04,
  DUMP_INTR: 0x10,
  /** In a new request. */
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  /** In a get request. */
  DUMP: 0x300,
  /** In an NLMSG_ERROR. */
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
} as const;

export const RouteAttribute = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  CACHEINFO: 12,
  TABLE: 15,
  VIA: 18,
  PREF: 20,
  NH_ID: 30,
} as const;

/** Inside RTA_METRICS. */
export const MetricAttribute = { MTU: 2 } as const;

/** `rtm_type` by number; the index is the code point. */
export const ROUTE_TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
  'xresolve',
] as const;
export type RouteType = (typeof ROUTE_TYPES)[number];

/** `rtm_scope`. */
export const RouteScope = { UNIVERSE: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 } as const;

/** `rtm_protocol`: who wrote a route. Numbers without a name here are shown as numbers. */
export const RouteProtocol = {
  UNSPEC: 0,
  REDIRECT: 1,
  KERNEL: 2,
  BOOT: 3,
  STATIC: 4,
  RA: 9,
  BIRD: 12,
  DHCP: 16,
  /** Felix's own, unless configured otherwise. */
  FELIX: 80,
} as const;

/** The names of iproute2's rt_protos, which is what people see in `ip route`. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'unspec'],
  [1, 'redirect'],
  [2, 'kernel'],
  [3, 'boot'],
  [4, 'static'],
  [8, 'gated'],
  [9, 'ra'],
  [10, 'mrt'],
  [11, 'zebra'],
  [12, 'bird'],
  [13, 'dnrouted'],
  [14, 'xorp'],
  [15, 'ntk'],
  [16, 'dhcp'],
  [17, 'mrouted'],
  [18, 'keepalived'],
  [42, 'babel'],
  [84, 'ovn'],
  [99, 'openr'],
  [186, 'bgp'],
  [187, 'isis'],
  [188, 'ospf'],
  [189, 'rip'],
  [192, 'eigrp'],
]);

/** `bird` for 12; the number as text where iproute2 has no name. */
export function formatRouteProtocol(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? String(protocol);
}

/** `rtm_flags` and `rtnh_flags`: the low octet is the next hop's, the rest the route's. */
export const RouteFlag = {
  DEAD: 0x01,
  PERVASIVE: 0x02,
  ONLINK: 0x04,
  OFFLOAD: 0x08,
  LINKDOWN: 0x10,
  /** A cache entry, not a route of a table. */
  CLONED: 0x200,
} as const;

export const LinkAttribute = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  OPERSTATE: 16,
  LINKINFO: 18,
  EXT_MASK: 29,
} as const;
export const LinkInfoAttribute = { KIND: 1, DATA: 2 } as const;
/** Inside IFLA_INFO_DATA of a link of kind `vrf`. */
export const VrfAttribute = { TABLE: 1 } as const;
/** Leaves the counters of IPv6 out of link dumps (RTEXT_FILTER_SKIP_STATS). */
export const LINK_DUMP_SKIP_STATS = 8;

/** `ifi_flags`. */
export const LinkFlag = { UP: 0x1, LOOPBACK: 0x8, POINTOPOINT: 0x10, LOWER_UP: 0x10000 } as const;

/** RFC 2863 operational states, in the order of IFLA_OPERSTATE. */
export const OPER_STATES = [
  'unknown',
  'notpresent',
  'down',
  'lowerlayerdown',
  'testing',
  'dormant',
  'up',
] as const;
export type OperState = (typeof OPER_STATES)[number];

export const InterfaceAddressAttribute = {
  ADDRESS: 1,
  LOCAL: 2,
  LABEL: 3,
  FLAGS: 8,
} as const;

export const InterfaceAddressFlag = {
  SECONDARY: 0x01,
  DADFAILED: 0x08,
  DEPRECATED: 0x20,
  TENTATIVE: 0x40,
} as const;

/** Inside an NLMSG_ERROR with ACK_TLVS. */
export const ErrorAttribute = { MSG: 1, OFFS: 2 } as const;

/** Multicast groups of NETLINK_ROUTE. */
export const MulticastGroup = {
  LINK: 1,
  IPV4_IFADDR: 5,
  IPV4_ROUTE: 7,
  IPV6_IFADDR: 9,
  IPV6_ROUTE: 11,
} as const;
