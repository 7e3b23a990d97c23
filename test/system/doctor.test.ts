/** `godwit doctor` on prepared faults: each is named first, with its remedy; nothing on a fabric that is well. */
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NeighborMessage } from '../../src/api/messages.ts';
import { callNeighbors } from '../../src/cli/doctor/call.ts';
import type { Finding } from '../../src/cli/doctor/facts.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { type CalicoResource, calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const BLOCK_OF_B = '10.244.2.0/26';
const POOL = { cidr: '10.244.0.0/16' };

const node = (name: string, ipv4Address: string) => calico('Node', name, { bgp: { ipv4Address } });
const block = (owner: string, cidr: string) =>
  calico('BlockAffinity', `block-${owner}`, { node: owner, cidr, state: 'confirmed' });
const mesh = (spec: Readonly<Record<string, unknown>>) =>
  calico('BGPConfiguration', 'default', spec);

const SHARED: readonly CalicoResource[] = [
  node('a', '10.9.0.1/24'),
  node('b', '10.9.0.2/24'),
  calico('IPPool', 'pods', POOL),
  mesh({ asNumber: 64_512 }),
  block('a', '10.244.1.0/26'),
  block('b', BLOCK_OF_B),
];

const PASSWORD = { secretKeyRef: { name: 'bgp', key: 'mesh' } };
const secret = (password: string): CalicoResource => {
  const document = { apiVersion: 'v1', kind: 'Secret', stringData: { mesh: password } };
  const metadata = { name: 'bgp', namespace: 'kube-system' };
  return { ...document, metadata } as unknown as CalicoResource;
};

interface Fault {
  readonly code: string;
  prepare(stage: Stage): Promise<unknown> | unknown;
  undo(stage: Stage): Promise<unknown> | unknown;
}

interface Stage {
  readonly a: Godwit;
  readonly b: Godwit;
  readonly onA: Namespace;
  readonly onB: Namespace;
}

const FAULTS: readonly Fault[] = [
  {
    code: 'ForwardingOff',
    prepare: ({ onA }) => onA.sysctl({ 'net.ipv4.ip_forward': '0' }),
    undo: ({ onA }) => onA.sysctl({ 'net.ipv4.ip_forward': '1' }),
  },
  {
    code: 'NobodyListens',
    prepare: ({ b }) => b.kill('SIGTERM'),
    undo: ({ b }) => b.start(),
  },
  {
    code: 'Unreachable',
    prepare: async ({ a, onA }) => {
      await onA.run(['ip', 'route', 'add', 'unreachable', '10.9.0.2/32']);
      await a.command('reset', '10.9.0.2');
    },
    undo: ({ onA }) => onA.run(['ip', 'route', 'del', 'unreachable', '10.9.0.2/32']),
  },
  {
    code: 'NoAnswer',
    // Where its packets go nobody is, as behind a firewall that drops them.
    prepare: async ({ a, onA }) => {
      const nobody = ['10.9.0.77', 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0'];
      await onA.run(['ip', 'neigh', 'add', ...nobody, 'nud', 'permanent']);
      a.writeResource(calico('BGPPeer', 'ghost', { peerIP: '10.9.0.77', asNumber: 64_600 }));
    },
    undo: ({ a }) => a.removeResource('BGPPeer', 'ghost'),
  },
  {
    code: 'PasswordMissing',
    prepare: ({ a }) =>
      a.writeResource(
        mesh({
          asNumber: 64_512,
          nodeMeshPassword: { secretKeyRef: { name: 'bgp', key: 'mesh' } },
        }),
      ),
    undo: ({ a }) => a.writeResource(mesh({ asNumber: 64_512 })),
  },
  {
    code: 'Md5Mismatch',
    prepare: async ({ a, b }) => {
      for (const [on, password] of [
        [a, 'one'],
        [b, 'other'],
      ] as const) {
        on.writeResource(secret(password));
        on.writeResource(mesh({ asNumber: 64_512, nodeMeshPassword: PASSWORD }));
      }
      await a.command('reset', '10.9.0.2');
    },
    undo: async ({ a, b }) => {
      for (const on of [a, b]) {
        on.writeResource(mesh({ asNumber: 64_512 }));
        on.removeResource('Secret', 'bgp');
      }
      await a.command('reset', '10.9.0.2');
    },
  },
  {
    code: 'SameNodeAddress',
    prepare: ({ a }) => a.writeResource(node('c', '10.9.0.1/24')),
    undo: ({ a }) => a.removeResource('Node', 'c'),
  },
  {
    code: 'LinkDown',
    prepare: ({ onA }) => onA.run(['ip', 'link', 'set', 'eth0', 'down']),
    undo: ({ onA }) => onA.run(['ip', 'link', 'set', 'eth0', 'up']),
  },
  {
    code: 'DuplicateAddress',
    // b answers for the address of a as a third machine on the link would (arp_ignore is 0).
    prepare: ({ onB }) => onB.run(['ip', 'address', 'add', '10.9.0.1/32', 'dev', 'lo']),
    undo: async ({ a, onB }) => {
      await onB.run(['ip', 'address', 'del', '10.9.0.1/32', 'dev', 'lo']);
      await a.command('reset', '10.9.0.2');
    },
  },
  {
    code: 'WrongAs',
    prepare: ({ b }) => b.writeResource(mesh({ asNumber: 65_001 })),
    undo: async ({ a, b }) => {
      b.writeResource(mesh({ asNumber: 64_512 }));
      await waitFor(
        () => b.neighbors(),
        ([one]) => one?.localAs === 64_512,
        { what: 'b to call itself AS 64512 again' },
      );
      await a.command('reset', '10.9.0.2'); // ends its stay in Idle
    },
  },
  {
    code: 'RouteOwner',
    prepare: ({ onA }) =>
      onA.run(['ip', 'route', 'add', BLOCK_OF_B, 'via', '10.9.0.2', 'proto', 'static']),
    undo: ({ onA }) => onA.run(['ip', 'route', 'del', BLOCK_OF_B, 'proto', 'static']),
  },
  {
    code: 'Tunnel',
    prepare: ({ a }) => a.writeResource(calico('IPPool', 'pods', { ...POOL, ipipMode: 'Always' })),
    undo: ({ a }) => a.writeResource(calico('IPPool', 'pods', POOL)),
  },
  {
    code: 'ConfigError',
    prepare: ({ a }) => a.writeResource(calico('IPPool', 'more', { cidr: '10.0.0.0/99' })),
    undo: ({ a }) => a.removeResource('IPPool', 'more'),
  },
  {
    code: 'DatastoreLost',
    prepare: ({ a }) => renameSync(a.resourcesDir, `${a.resourcesDir}.away`),
    undo: ({ a }) => renameSync(`${a.resourcesDir}.away`, a.resourcesDir),
  },
  {
    code: 'AddressNotHere',
    // b would call the address that it knows, which works, and hides it.
    prepare: async ({ a, b }) => {
      await b.kill('SIGTERM');
      a.writeResource(node('a', '10.9.0.99/24'));
    },
    undo: async ({ a, b }) => {
      a.writeResource(node('a', '10.9.0.1/24'));
      await b.start();
    },
  },
  {
    code: 'NotRunning',
    prepare: ({ a }) => a.kill('SIGTERM'),
    undo: ({ a }) => a.start(),
  },
];

describeWith(['root', 'native'], 'a call of the doctor', () => {
  it('goes through the device that the daemon is bound to', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const peer = { address: '127.0.0.1', port, passive: true, state: 'Active' } as NeighborMessage;
    const outcome = async (device: string) => [...(await callNeighbors([peer], device)).values()];
    expect(await outcome('lo')).toEqual(['open']);
    expect(await outcome('no-such-vrf')).toEqual(['ENODEV']);
    server.close();
    await once(server, 'close');
    expect(await outcome('lo')).toEqual(['ECONNREFUSED']);
  });
});

describeWith(['root', 'netns', 'ip', 'veth', 'native'], 'godwit doctor', () => {
  const lab = new NetworkLab();
  let stage: Stage;

  beforeAll(async () => {
    const [onA, onB] = [await lab.namespace('a'), await lab.namespace('b')];
    await lab.link(
      { namespace: onA, device: 'eth0', addresses: ['10.9.0.1/24'] },
      { namespace: onB, device: 'eth0', addresses: ['10.9.0.2/24'] },
    );
    const a = new Godwit({ lab, namespace: onA, name: 'a', resources: SHARED });
    const b = new Godwit({ lab, namespace: onB, name: 'b', resources: SHARED });
    stage = { a, b, onA, onB };
    await Promise.all([a.start(), b.start()]);
    await untilWell();
  }, 60_000);

  afterAll(async () => {
    await stage?.a.end();
    await stage?.b.end();
    await lab.destroy();
  });

  it('says nothing of a fabric that is well', async () => {
    const { code, stdout } = await stage.a.runInside('doctor');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Nothing is wrong that is known to go wrong\n',
    });
  });

  it('says that it was called from where the daemon does not live', async () => {
    const { stdout } = await stage.a.runCommand('doctor', '--json');
    expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({ code: 'Elsewhere' });
  });

  it.each(FAULTS)(
    'names $code first, with its remedy',
    async ({ code, prepare, undo }) => {
      try {
        await prepare(stage);
        const [first] = await waitFor(findings, ([one]) => one?.code === code, {
          what: `godwit doctor to say ${code}`,
          timeoutMs: 30_000,
          intervalMs: 300,
        });
        expect(first!.remedy.length).toBeGreaterThan(10);
        expect((await stage.a.runInside('doctor')).stdout).toContain(`1. ${first!.what}`);
      } finally {
        await undo(stage);
      }
      await untilWell();
    },
    120_000,
  );

  async function findings(): Promise<Finding[]> {
    const { stdout, stderr } = await stage.a.runInside('doctor', '--json');
    if (stderr !== '') throw new Error(stderr);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Finding);
  }

  async function untilWell(): Promise<void> {
    // Not by asking the doctor: it calls neighbors that should call us, and each call sets them back.
    await waitFor(
      () => stage.a.neighbors(),
      (all) => all.length > 0 && all.every(({ state }) => state === 'Established'),
      { what: 'the session to be back', timeoutMs: 60_000 },
    );
    await waitFor(findings, (all) => all.length === 0, {
      what: 'the fabric to be well',
      // A session that was refused stays in Idle for up to half a minute.
      timeoutMs: 60_000,
      intervalMs: 300,
    });
  }
});
