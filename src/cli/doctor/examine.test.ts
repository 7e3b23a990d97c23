import { describe, expect, it } from 'vitest';
import { type DownReason, formatDownReason } from '../../fsm/down-reason.ts';
import { ErrorCode, OpenSubcode } from '../../wire/iana.ts';
import { notification } from '../../wire/notification.ts';
import { examine } from './examine.ts';
import type { DaemonFacts, Facts, HostFacts } from './facts.ts';

const HOST: HostFacts = {
  sysctl: new Map([
    ['net.ipv4.ip_forward', '1'],
    ['net.ipv4.conf.all.rp_filter', '0'],
    ['net.ipv4.neigh.default.gc_thresh3', '1024'],
    ['net.core.optmem_max', '131072'],
  ]),
  links: [{ name: 'eth0', mtu: 1500, up: true, addresses: ['10.0.0.1'] }],
  networkNamespace: 'net:[1] boot',
  clockIsSet: true,
  speakers: [],
  networkd: 'absent',
  nodeVersion: '24.1.0',
  kernelRelease: '6.1.0-1',
  now: new Date('2027-01-01T00:00:00Z'),
};

const STATUS = {
  localAs: 64_512,
  routerId: '10.0.0.1',
  neighborsConfigured: 1,
  datastore: { state: 'in-sync', type: 'file', reason: '' },
  networkNamespace: 'net:[1] boot',
  heldChange: '',
  listeners: [],
} as unknown as DaemonFacts['status'];

const NEIGHBOR = {
  name: 'Mesh_10_0_0_2',
  address: '10.0.0.2',
  port: 179,
  remoteAs: 64_512,
  localAddress: '10.0.0.1',
  state: 'Established',
  routerId: '10.0.0.2',
} as DaemonFacts['neighbors'][number];

const NOT_HERE = {
  ...NEIGHBOR,
  name: 'x',
  address: '10.0.0.3',
  routerId: '10.0.0.3',
  localAddress: '10.0.0.9',
};

const DAEMON: DaemonFacts = {
  status: STATUS,
  neighbors: [NEIGHBOR],
  problems: [],
  routes: [],
  calls: new Map(),
  stations: new Map(),
};

interface Changes {
  readonly host?: Partial<HostFacts>;
  readonly daemon?: Partial<DaemonFacts>;
  readonly status?: object;
  readonly neighbor?: object;
}

function facts({ host, daemon, status, neighbor }: Changes): Facts {
  return {
    host: { ...HOST, ...host },
    daemon: {
      ...DAEMON,
      ...daemon,
      status: { ...STATUS, ...status },
      neighbors: daemon?.neighbors ?? [{ ...NEIGHBOR, ...neighbor }],
    },
  };
}

const sysctl = (name: string, value: string) => ({
  sysctl: new Map([...HOST.sysctl, [name, value]]),
});

function down(reason: DownReason): object {
  return { state: 'Active', downBecause: formatDownReason(reason) };
}

function tcp(errno: string): DownReason {
  return {
    kind: 'TcpFailed',
    state: 'Connect',
    error: { kind: 'SystemError', call: 'connect', errno },
  };
}

const CASES: readonly (readonly [code: string, changes: Changes])[] = [
  ['ForwardingOff', { host: sysctl('net.ipv4.ip_forward', '0') }],
  ['StrictReversePath', { host: sysctl('net.ipv4.conf.all.rp_filter', '1') }],
  [
    'TunnelMtu',
    { host: { links: [...HOST.links, { name: 'tunl0', mtu: 1500, up: true, addresses: [] }] } },
  ],
  ['OtherSpeaker', { host: { speakers: ['bird (process 7)'] } }],
  ['NetworkdForeignRoutes', { host: { networkd: 'flushes-foreign-routes' } }],
  ['NeighbourTable', { status: { neighborsConfigured: 900 } }],
  [
    'OptionMemory',
    { host: sysctl('net.core.optmem_max', '20480'), status: { neighborsConfigured: 200 } },
  ],
  ['TooOld', { host: { nodeVersion: '22.4.0' } }],
  ['TooOld', { host: { kernelRelease: '4.19.0-5' } }],
  ['Clock', { host: { now: new Date('1970-01-01T00:10:00Z') } }],
  [
    'DatastoreForbidden',
    { status: { datastore: { state: 'lost', reason: 'nodes is forbidden: RBAC' } } },
  ],
  [
    'DatastoreForbidden',
    {
      daemon: {
        problems: [
          {
            severity: 'error',
            text: '/api/v1/namespaces/kube-system/secrets/bgp: RBAC does not let godwit list secrets',
          } as DaemonFacts['problems'][number],
        ],
      },
    },
  ],
  ['ChangeHeld', { status: { heldChange: 'would remove 9 of 10 sessions' } }],
  ['PortTaken', { status: { listeners: [{ local: '0.0.0.0:179', error: 'EADDRINUSE' }] } }],
  ['SameIdentifier', { neighbor: { routerId: '10.0.0.1' } }],
  [
    'ClockNotSet',
    {
      host: { clockIsSet: false },
      status: { datastore: { state: 'in-sync', type: 'kubernetes', reason: '' } },
    },
  ],
  ['DuplicateAddress', { daemon: { stations: new Map([['10.0.0.1', ['02:00:00:00:00:09']]]) } }],
  [
    'DuplicateAddress',
    {
      host: {
        links: [
          {
            name: 'eth0',
            mtu: 1500,
            up: true,
            addresses: ['10.0.0.1', 'fd00::1'],
            duplicates: ['fd00::1'],
          },
        ],
      },
    },
  ],
  [
    'DuplicateNeighbor',
    {
      daemon: {
        stations: new Map([
          ['10.0.0.1', []],
          ['10.0.0.2', ['02:00:00:00:00:02', '02:00:00:00:00:09']],
        ]),
      },
    },
  ],
  [
    'Vrf',
    {
      status: {
        kernel: { state: 'syncing', vrf: 'blue', reason: 'there is no VRF blue: make it' },
      },
    },
  ],
  ['AddressNotHere', { daemon: { neighbors: [NEIGHBOR, NOT_HERE] } }],
  [
    'Md5Mismatch',
    {
      neighbor: {
        state: 'Active',
        downBecause: `${formatDownReason({ kind: 'ConnectTimedOut', seconds: 5 })}; the kernel drops segments whose TCP-MD5 signature does not match: compare the passwords of both sides`,
      },
    },
  ],
  ['NoAnswer', { neighbor: down({ kind: 'ConnectTimedOut', seconds: 5 }) }],
  [
    'NobodyListens',
    {
      neighbor: { state: 'Active', passive: true, downBecause: 'The peer closed the connection' },
      daemon: { calls: new Map([['10.0.0.2', 'ECONNREFUSED']]) },
    },
  ],
  [
    // A neighbor that is off and has a password: the Secret is there, so that is not what is wrong.
    'NoAnswer',
    {
      neighbor: {
        state: 'Active',
        downBecause:
          'No answer to our call within 5 s; or the passwords differ: a wrong TCP-MD5 key is silence',
      },
    },
  ],
  [
    'NotCalled',
    {
      neighbor: { state: 'Active', passive: true, downBecause: 'Not started yet' },
      daemon: { calls: new Map([['10.0.0.2', 'open']]) },
    },
  ],
  [
    'SameIdentifier',
    {
      neighbor: down({
        kind: 'PeerFault',
        notification: notification(ErrorCode.Open, OpenSubcode.BadBgpIdentifier),
        detail: 'Its BGP Identifier 10.0.0.1 is our own',
      }),
    },
  ],
  [
    'LinkDown',
    {
      daemon: { neighbors: [NEIGHBOR, NOT_HERE] },
      host: {
        links: [...HOST.links, { name: 'eth1', mtu: 1500, up: false, addresses: ['10.0.0.9'] }],
      },
    },
  ],
  [
    'SameNodeAddress',
    {
      daemon: {
        problems: [
          { severity: 'error', text: 'This node and Node/b have one address: …' },
        ] as never,
      },
    },
  ],
  ['StrictReversePath', { host: sysctl('net.ipv4.conf.tunl0.rp_filter', '1') }],
  ['NobodyListens', { neighbor: down(tcp('ECONNREFUSED')) }],
  ['Unreachable', { neighbor: down(tcp('EHOSTUNREACH')) }],
  ['Unreachable', { neighbor: down(tcp('ENETUNREACH')) }],
  [
    'WrongAs',
    {
      neighbor: down({
        kind: 'PeerFault',
        notification: notification(ErrorCode.Open, OpenSubcode.BadPeerAs),
        detail: 'It says AS 65001, configured is AS 64512',
      }),
    },
  ],
];

describe('godwit doctor', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(examine(facts({}))).toEqual([]);
  });

  it.each(CASES)('finds %s, and nothing else by it', (code, changes) => {
    const { neighbor, daemon, ...rest } = changes;
    const findings = examine(
      facts({ ...rest, ...(daemon ? { daemon } : {}), neighbor: neighbor ?? {} }),
    );
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    expect(findings[0]!.remedy).not.toBe('');
  });

  it('takes two sessions of one node, one in each family, for what they are', () => {
    const six = { ...NEIGHBOR, name: 'Mesh_fd00__2', address: 'fd00::2' };
    expect(examine(facts({ daemon: { neighbors: [NEIGHBOR, six] } }))).toEqual([]);
    const other = { ...NEIGHBOR, name: 'other', address: '10.0.0.3' };
    const codes = examine(facts({ daemon: { neighbors: [NEIGHBOR, six, other] } }));
    expect(codes.map(({ code }) => code)).toEqual(['SameIdentifier']);
  });

  it('judges no machine that is not the daemon’s, and says so', () => {
    const host = sysctl('net.ipv4.ip_forward', '0');
    const status = { networkNamespace: 'net:[2] boot' };
    expect(examine(facts({ host, status })).map(({ code }) => code)).toEqual(['Elsewhere']);
  });

  it.each([
    ['the daemon', { status: { networkNamespace: '' } }],
    ['this command', { host: { networkNamespace: '' } }],
  ])('takes it for the daemon’s where %s does not know where it is', (_who, changes) => {
    expect(examine(facts(changes))).toEqual([]);
  });

  it('says where an address is whose link is down', () => {
    const eth0 = { name: 'eth0', mtu: 1500, up: false, addresses: ['10.0.0.1'] };
    const [first] = examine(facts({ host: { links: [eth0] } }));
    expect(first).toMatchObject({ code: 'LinkDown', remedy: 'ip link set eth0 up' });
  });

  it('asks for no clock where nothing is judged by it', () => {
    expect(examine(facts({ host: { clockIsSet: false } }))).toEqual([]);
    const datastore = { state: 'in-sync', type: 'etcd', reason: '' };
    expect(examine(facts({ host: { clockIsSet: undefined }, status: { datastore } }))).toEqual([]);
  });

  it('names what is broken before what is a risk, and the likelier cause first', () => {
    const findings = examine(
      facts({
        host: { speakers: ['bird (process 7)'], ...sysctl('net.ipv4.ip_forward', '0') },
        status: { datastore: { state: 'lost', reason: 'gone' } },
      }),
    );
    expect(findings.map(({ code }) => code)).toEqual([
      'DatastoreLost',
      'ForwardingOff',
      'OtherSpeaker',
    ]);
  });

  it('says of a daemon that does not answer nothing but that, beside the host', () => {
    const findings = examine({ host: HOST, daemon: 'no socket' });
    expect(findings).toMatchObject([
      { code: 'NotRunning', what: expect.stringContaining('no socket') },
    ]);
  });

  it('names some sessions of many that are down and counts the rest', () => {
    const neighbors = Array.from({ length: 20 }, (_, i) => ({
      ...NEIGHBOR,
      address: `10.0.1.${i}`,
      name: `n${i}`,
      state: 'Active' as const,
      routerId: `10.0.1.${i}`,
    }));
    const findings = examine(facts({ daemon: { neighbors } }));
    expect(findings).toHaveLength(9);
    expect(findings.at(-1)!.what).toContain('12 more neighbors');
  });

  it('minds strict reverse paths of links only where there are several, and none where all are loose', () => {
    const links = [...HOST.links, { name: 'eth1', mtu: 1500, up: true, addresses: ['10.0.1.1'] }];
    const neighbors = [
      NEIGHBOR,
      {
        ...NEIGHBOR,
        name: 'n',
        address: '10.0.1.2',
        localAddress: '10.0.1.1',
        routerId: '10.0.1.2',
      },
    ];
    const strict = sysctl('net.ipv4.conf.eth1.rp_filter', '1').sysctl;
    const codes = (host: Partial<HostFacts>, daemon: Partial<DaemonFacts>): string[] =>
      examine(facts({ host, daemon })).map(({ code }) => code);
    expect(codes({ links, sysctl: strict }, { neighbors })).toEqual(['StrictReversePath']);
    expect(codes({ links, sysctl: strict }, {})).toEqual([]);
    const loose = new Map([...strict, ['net.ipv4.conf.all.rp_filter', '2']]);
    expect(codes({ links, sysctl: loose }, { neighbors })).toEqual([]);
  });
});
