/** What the daemon itself knows to be wrong: that it does not run, its configuration, its sockets, kernel routes. */

import type { DaemonFacts, Facts, Finding, HostFacts } from './facts.ts';

type Check = (daemon: DaemonFacts, facts: Facts) => Finding[];

/** Alone where the daemon does not answer: nothing else can be asked. */
export function notRunning(sentence: string): Finding {
  return {
    code: 'NotRunning',
    grade: 'broken',
    weight: 100,
    what: `godwitd does not answer: ${sentence}`,
    remedy: 'systemctl status godwitd, or godwitd --check, which says what it would refuse',
  };
}

const datastore: Check = ({ status: { datastore: store } }) => {
  if (store.state === 'in-sync') return [];
  const isForbidden = /forbidden|RBAC|permission denied|\b40[13]\b/i.test(store.reason);
  return [
    {
      code: isForbidden ? 'DatastoreForbidden' : 'DatastoreLost',
      grade: 'broken',
      weight: 90,
      what: `The resources cannot be read: ${store.reason || store.state}`,
      remedy: isForbidden
        ? 'Give its service account the rights of config/kubernetes, or its etcd user those of docs/etcd.md'
        : 'The last configuration stays in force. See datastore in godwit.yaml; godwitd --check says more',
    },
  ];
};

const configuration: Check = ({ problems, status }) => {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const findings: Finding[] = errors.slice(0, 5).map(({ text }) => ({
    ...whatKind(text),
    grade: 'broken',
    what: text,
  }));
  if (status.heldChange === '') return findings;
  const held: Finding = {
    code: 'ChangeHeld',
    grade: 'risk',
    weight: 85,
    what: status.heldChange,
    remedy: 'Take the change back, or say yes to it: godwit release',
  };
  return [held, ...findings];
};

function whatKind(text: string): Pick<Finding, 'code' | 'weight' | 'remedy'> {
  // What may not be read is the cause of what is then missing.
  if (/RBAC does not let/.test(text)) {
    const remedy =
      'kubectl apply -f config/kubernetes/rbac.yaml has all rules; it is read again within a minute or two';
    return { code: 'DatastoreForbidden', weight: 84, remedy };
  }
  // Whatever else is wrong may follow from it.
  const isShared = /have one address/.test(text);
  return {
    code: isShared
      ? 'SameNodeAddress'
      : /password in Secret/.test(text)
        ? 'PasswordMissing'
        : 'ConfigError',
    weight: isShared ? 94 : 80,
    remedy: 'Its last good version stays in force until it is mended; godwit show problems has all',
  };
}

const listeners: Check = ({ status }, { host }) =>
  status.listeners
    .filter(({ error }) => error)
    .map(({ local, error }) => ({
      code: /EADDRINUSE/.test(error!) ? 'PortTaken' : 'NotListening',
      grade: 'broken',
      weight: 88,
      what: `Nobody can call this node on ${local}: ${error}`,
      remedy: listenRemedy(error!, host.speakers),
    }));

function listenRemedy(error: string, speakers: readonly string[]): string {
  if (/EADDRINUSE/.test(error)) {
    const who = speakers.length === 0 ? 'whoever has the port (ss -ltnp)' : speakers.join(', ');
    return `Stop ${who}, or set listenPort of BGPConfiguration`;
  }
  if (/EACCES|EPERM/.test(error)) return 'Give godwitd CAP_NET_BIND_SERVICE, as its unit does';
  return 'The address of the Node resource must be one of this machine: ip address';
}

/** Only where this is the machine of the daemon. */
export const ownAddress: Check = ({ neighbors }, { host }) => {
  const own = new Set(neighbors.flatMap(({ localAddress }) => localAddress || []));
  return [...own].flatMap((address) => {
    const having = host.links.filter(({ addresses }) => addresses.includes(address));
    if (having.some(({ up }) => up)) return [];
    const [link] = having;
    return [link === undefined ? notHere(address, host) : downUnder(address, link.name)];
  });
};

function downUnder(address: string, name: string): Finding {
  return {
    code: 'LinkDown',
    grade: 'broken',
    weight: 92,
    what: `Sessions are to come from ${address}, and its link ${name} is down`,
    remedy: `ip link set ${name} up`,
  };
}

function notHere(address: string, { links }: HostFacts): Finding {
  // IPv6 addresses go with a link that goes down.
  const down = links.filter(({ up, name }) => !up && !OTHER_LINKS.test(name));
  const names = address.includes(':') ? down.map(({ name }) => name).join(', ') : '';
  return {
    code: 'AddressNotHere',
    grade: 'broken',
    weight: 92,
    what: `Sessions are to come from ${address}, which no interface has${names === '' ? '' : `; down is ${names}, and IPv6 addresses go with their link`}`,
    remedy:
      'Correct ipv4Address or ipv6Address of this Node resource, or sourceAddress of the BGPPeer; or give an interface the address',
  };
}

/** Down by nature: what modules of the kernel bring along. */
const OTHER_LINKS =
  /^(lo$|tunl|gre|gretap|erspan|ip6tnl|ip6gre|ip_vti|ip6_vti|sit|dummy|bond|docker|ifb|teql|nlmon)/;

/** What stands in the way of all sessions and all routes. */
const vrf: Check = ({ status: { kernel } }) =>
  kernel?.vrf && kernel.reason?.includes(kernel.vrf)
    ? [
        {
          code: 'Vrf',
          grade: 'broken',
          weight: 96,
          what: `This node lives in VRF ${kernel.vrf}, and sessions stay down: ${kernel.reason}`,
          remedy: 'docs/vrf.md has the lines that make one and put links into it',
        },
      ]
    : [];

const tunnel: Check = ({ routes }, { host }) => {
  const waiting = routes.filter(({ because = '' }) => /tunl0|tunnel device/.test(because));
  if (waiting.length === 0) return [];
  const device = host.links.find(({ name }) => name === 'tunl0');
  const state = device === undefined ? 'is not there' : device.up ? 'is up' : 'is down';
  return [
    {
      code: 'Tunnel',
      grade: 'broken',
      weight: 75,
      what: `${waiting.length} routes wait for tunl0, which ${state}: ${waiting[0]!.because}`,
      remedy:
        device === undefined
          ? 'modprobe ipip and ip link set tunl0 up, or ipipMode: Never in the pools where no tunnel is wanted'
          : 'ip link set tunl0 up',
    },
  ];
};

const otherOwner: Check = ({ routes }) => {
  const foreign = routes.filter(
    ({ state, because = '' }) => state === 'foreign' || because.startsWith('Shadowed'),
  );
  if (foreign.length === 0) return [];
  const [first] = foreign;
  return [
    {
      code: 'RouteOwner',
      grade: 'broken',
      weight: 72,
      what: `${foreign.length} routes are somebody else's, ${first!.prefix} among them: ${first!.because}`,
      remedy:
        'Where it is Felix: programClusterRoutes of BGPConfiguration and FelixConfiguration must not both be on; else take the other route away (ip route del)',
    },
  ];
};

const refusedRoutes: Check = ({ routes }) => {
  const refused = routes.filter(({ state }) => state === 'refused');
  if (refused.length === 0) return [];
  return [
    {
      code: 'RouteRefused',
      grade: 'broken',
      weight: 65,
      what: `The kernel refuses ${refused.length} routes, ${refused[0]!.prefix} among them: ${refused[0]!.because}`,
      remedy: 'godwit show kernel --diff lists them',
    },
  ];
};

export const DAEMON_CHECKS: readonly Check[] = [
  vrf,
  datastore,
  configuration,
  listeners,
  tunnel,
  otherOwner,
  refusedRoutes,
];
