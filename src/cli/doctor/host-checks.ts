/** What the machine itself has wrong: settings of the kernel, links, other programs. */

import type { DaemonFacts, Facts, Finding, HostFacts, LinkFacts } from './facts.ts';

/** RFC 2003: the outer header. */
const IPIP_OCTETS = 20;
/** A listener holds 149 keys with 20,480 octets; 962 with 131,072. */
const OPTMEM_MIN = 131_072;
const MD5_SESSIONS = 140;
const NODE_MIN = [22, 18] as const;
/** Nothing before it is right: `IPV6_MINHOPCOUNT`, `TCP_MD5SIG_EXT`, strict dumps. */
const KERNEL_MIN = [4, 20] as const;
/** When this was written; no clock that is right is behind it. */
const EARLIEST = new Date('2026-09-01T00:00:00Z');

type Check = (facts: Facts) => Finding[];

const forwarding: Check = ({ host }) => {
  const off = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'].filter(
    (name) => host.sysctl.get(name) === '0' && (name.includes('ipv4') || hasGlobalV6(host)),
  );
  return off.map((name) => ({
    code: 'ForwardingOff',
    grade: 'broken',
    weight: 70,
    what: `${name} is 0: this node does not pass on packets of its pods`,
    remedy: `sysctl -w ${name}=1, and in /etc/sysctl.d for the next boot`,
  }));
};

/**
 * The kernel takes the stricter of `all` and the link's own. It matters where packets may come another way than they
 * would go: through a tunnel, or over one of several links with sessions.
 */
const reversePath: Check = ({ host, daemon }) => {
  const uplinks = typeof daemon === 'string' ? [] : sessionLinks(host, daemon);
  const names = ['tunl0', ...(uplinks.length > 1 ? uplinks.map(({ name }) => name) : [])];
  const of = (name: string): string | undefined =>
    host.sysctl.get(`net.ipv4.conf.${name}.rp_filter`);
  const each = names.filter((name) => of(name) === '1' && of('all') !== '2');
  const strict = of('all') === '1' ? ['all'] : each;
  return strict.map((name) => ({
    code: 'StrictReversePath',
    grade: 'risk',
    weight: 40,
    what: `net.ipv4.conf.${name}.rp_filter is 1: packets that come another way than they would go, as with two ToRs, are dropped`,
    remedy: `sysctl -w net.ipv4.conf.${name}.rp_filter=2 (loose)`,
  }));
};

const tunnelMtu: Check = ({ host, daemon }) => {
  if (typeof daemon === 'string') return [];
  const tunnel = host.links.find(({ name }) => name === 'tunl0');
  const [under] = sessionLinks(host, daemon);
  if (tunnel === undefined || under === undefined || under.name === 'lo') return [];
  const most = under.mtu - IPIP_OCTETS;
  if (tunnel.mtu <= most) return [];
  return [
    {
      code: 'TunnelMtu',
      grade: 'broken',
      weight: 60,
      what: `tunl0 has MTU ${tunnel.mtu} over ${under.name} with ${under.mtu}: large packets through the tunnel are lost or cut`,
      remedy: `ip link set tunl0 mtu ${most}, or mtu of Felix's configuration where Felix sets it`,
    },
  ];
};

const otherSpeaker: Check = ({ host: { speakers } }) =>
  speakers.length === 0
    ? []
    : [
        {
          code: 'OtherSpeaker',
          grade: 'risk',
          weight: 45,
          what: `Another BGP daemon runs here: ${speakers.join(', ')}. Only one can have port 179, and each takes the other's routes for foreign ones`,
          remedy: 'Stop it, or give one of them another port (listenPort of BGPConfiguration)',
        },
      ];

const networkd: Check = ({ host }) =>
  host.networkd === 'flushes-foreign-routes'
    ? [
        {
          code: 'NetworkdForeignRoutes',
          grade: 'risk',
          weight: 30,
          what: 'systemd-networkd takes away routes that are not its own when it restarts or a link comes up again',
          remedy:
            'ManageForeignRoutes=no under [Network] in /etc/systemd/networkd.conf.d/godwit.conf, then restart it',
        },
      ]
    : [];

const neighbourTable: Check = ({ host, daemon }) => {
  const limit = Number(host.sysctl.get('net.ipv4.neigh.default.gc_thresh3') ?? Number.NaN);
  const peers = typeof daemon === 'string' ? 0 : daemon.status.neighborsConfigured;
  if (!(limit < peers * 2)) return [];
  return [
    {
      code: 'NeighbourTable',
      grade: 'risk',
      weight: 35,
      what: `The kernel keeps at most ${limit} neighbours (ARP) and this node has ${peers} BGP neighbors`,
      remedy: `sysctl -w net.ipv4.neigh.default.gc_thresh3=${peers * 4}, and gc_thresh2 to half of it`,
    },
  ];
};

const optionMemory: Check = ({ host, daemon }) => {
  const octets = Number(host.sysctl.get('net.core.optmem_max') ?? Number.NaN);
  const peers = typeof daemon === 'string' ? 0 : daemon.status.neighborsConfigured;
  if (!(octets < OPTMEM_MIN) || peers < MD5_SESSIONS) return [];
  return [
    {
      code: 'OptionMemory',
      grade: 'risk',
      weight: 30,
      what: `net.core.optmem_max is ${octets}: a listener holds no more than some ${MD5_SESSIONS} passwords of neighbors`,
      remedy: `sysctl -w net.core.optmem_max=${OPTMEM_MIN}`,
    },
  ];
};

const versions: Check = ({ host }) => {
  const old = [
    { name: 'Node', has: host.nodeVersion, min: NODE_MIN },
    { name: 'The kernel', has: host.kernelRelease, min: KERNEL_MIN },
  ].filter(({ has, min }) => isBelow(has, min));
  return old.map(({ name, has, min }) => ({
    code: 'TooOld',
    grade: 'broken',
    weight: 50,
    what: `${name} is ${has}`,
    remedy: `${min.join('.')} or later is needed; the packages bring their own Node`,
  }));
};

const clock: Check = ({ host: { now } }) =>
  now >= EARLIEST
    ? []
    : [
        {
          code: 'Clock',
          grade: 'risk',
          weight: 25,
          what: `The clock says ${now.toISOString()}: certificates of etcd and of the Kubernetes API are refused by it`,
          remedy: 'Let systemd-timesyncd or chrony set it',
        },
      ];

/** Only where somebody's certificates and tokens are judged by it: BGP itself goes by no clock on the wall. */
const clockSource: Check = ({ host, daemon }) => {
  const store = typeof daemon === 'string' ? '' : daemon.status.datastore.type;
  if (host.clockIsSet !== false || (store !== 'etcd' && store !== 'kubernetes')) return [];
  return [
    {
      code: 'ClockNotSet',
      grade: 'risk',
      weight: 20,
      what: `Nobody sets the clock of this machine (adjtimex says STA_UNSYNC): one day the certificates of the ${store} datastore are refused by it`,
      remedy: 'Let systemd-timesyncd or chrony set it: timedatectl set-ntp true',
    },
  ];
};

export const HOST_CHECKS: readonly Check[] = [
  forwarding,
  reversePath,
  tunnelMtu,
  otherSpeaker,
  networkd,
  neighbourTable,
  optionMemory,
  versions,
  clock,
  clockSource,
];

/** Those with an address that a session comes from. */
function sessionLinks({ links }: HostFacts, { neighbors }: DaemonFacts): LinkFacts[] {
  const own = new Set(neighbors.map(({ localAddress }) => localAddress));
  return links.filter((link) => link.addresses.some((address) => own.has(address)));
}

function hasGlobalV6({ links }: HostFacts): boolean {
  const isGlobal = (address: string): boolean =>
    address.includes(':') && !/^(fe80|::1$)/.test(address);
  return links.some(({ addresses }: LinkFacts) => addresses.some(isGlobal));
}

function isBelow(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return first < major || (first === major && second < minor);
}
