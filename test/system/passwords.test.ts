/**
 * TCP-MD5 of a running godwitd: a password that is rotated on twenty sessions drops none of them, a side that does not
 * follow loses its session and is named, and real BIRD 2, which restarts a session over its password, comes back.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const NODE = '10.9.0.1';
const BIRD = '10.9.0.100';
/** Share one Secret. */
const MANY = Array.from({ length: 20 }, (_, i) => `10.9.0.${10 + i}`);
/** Has another one. */
const OTHER = '10.9.0.40';
/** Has none. */
const OPEN = '10.9.0.41';
const PEER_AS = 65_010;

const passwordOf = (name: string) => ({ password: { secretKeyRef: { name, key: 'password' } } });

describeWith(['root', 'netns', 'ip', 'veth', 'native', 'bird2'], 'Passwords', () => {
  const lab = new NetworkLab();
  const keysPath = join(lab.dir, 'keys.json');
  let godwit: Godwit;
  let bird: Bird;
  let keys: Record<string, string> = {};

  beforeAll(async () => {
    const node = await lab.namespace('node');
    const peers = await lab.namespace('peers');
    await lab.link(
      { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
      {
        namespace: peers,
        device: 'eth0',
        addresses: [...MANY, OTHER, OPEN, BIRD].map((address) => `${address}/24`),
      },
    );
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: [
        calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
        calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
        // Port 1: the calls of godwit find nobody there, so that all sessions come by the listener.
        ...MANY.map((address, i) =>
          calico('BGPPeer', `many-${i}`, {
            peerIP: `${address}:1`,
            asNumber: PEER_AS,
            ...passwordOf('many'),
          }),
        ),
        calico('BGPPeer', 'other', {
          peerIP: `${OTHER}:1`,
          asNumber: PEER_AS,
          ...passwordOf('other'),
        }),
        calico('BGPPeer', 'open', { peerIP: `${OPEN}:1`, asNumber: PEER_AS }),
        calico('BGPPeer', 'bird', { peerIP: BIRD, asNumber: 65_020, ...passwordOf('bird') }),
      ],
    });
    for (const name of ['many', 'other', 'bird']) secret(name, `${name}-1`);
    setKeys({
      ...Object.fromEntries(MANY.map((address) => [address, 'many-1'])),
      [OTHER]: 'other-1',
      [OPEN]: '',
    });
    await godwit.start();
    const program = join(REPOSITORY, 'test/support/keyed-peers.ts');
    const argv = [process.execPath, program, NODE, `${PEER_AS}`, keysPath];
    await lab.spawn(peers, { name: 'keyed-peers', argv });
    bird = await Bird.start({ lab, namespace: peers, name: 'bird', config: birdConfig('bird-1') });
    await godwit.untilEstablished(...MANY, OTHER, OPEN, BIRD);
  });

  afterAll(async () => {
    await godwit.end();
    await lab.destroy();
  });

  function secret(name: string, password: string): void {
    const metadata = { name, namespace: 'kube-system' };
    const document = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { password } };
    writeFileSync(join(godwit.resourcesDir, `secret-${name}.yaml`), stringify(document));
  }

  function setKeys(next: Record<string, string>): void {
    keys = next;
    // In one piece: the peers look every 100 ms, and half a file ended them all.
    writeFileSync(`${keysPath}.new`, JSON.stringify(keys));
    renameSync(`${keysPath}.new`, keysPath);
  }

  function birdConfig(password: string): string {
    return `${birdConfHead({ routerId: BIRD })}
protocol bgp node {
  local ${BIRD} as 65020; neighbor ${NODE} as 64512; direct;
  password "${password}"; connect retry time 1; connect delay time 1; error wait time 1, 2;
  ipv4 { import all; export none; };
}
`;
  }

  const established = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await godwit.neighbors()).map(({ address, state, established: times, flaps }) => [
        address,
        `${state} ${times}/${flaps}`,
      ]),
    );

  it('rotated on both sides a second apart drop none of twenty sessions, nor touch the others', async () => {
    const before = await established();
    secret('many', 'many-2');
    await waitFor(
      async () => godwit.events('peer-changed'),
      (events) => events.length >= MANY.length,
      { what: 'the new password to be applied' },
    );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    setKeys({ ...keys, ...Object.fromEntries(MANY.map((address) => [address, 'many-2'])) });
    // Longer than the hold time: whoever does not hear the other any more is gone by now.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(await established()).toEqual(before);
    expect(before[MANY[0]!]).toBe('Established 1/0');
  });

  it('that only godwit has changed cost this session its hold time; the reason names the password', async () => {
    const before = await established();
    secret('other', 'other-2');
    const neighbor = await waitFor(
      () => godwit.neighbor(OTHER),
      ({ state, downBecause }) =>
        state !== 'Established' && (downBecause ?? '').includes('TCP-MD5'),
      { what: 'the session to end', timeoutMs: 30_000 },
    );
    expect(neighbor.downBecause).toMatch(
      /^Nothing heard from the peer for 9 s \(hold timer expired\).*; the kernel drops segments whose TCP-MD5 signature does not match: compare the passwords of both sides$/,
    );
    const { [OTHER]: _ended, ...rest } = before;
    expect(await established()).toMatchObject(rest);
    setKeys({ ...keys, [OTHER]: 'other-2' });
    await godwit.untilEstablished(OTHER);
  });

  it('that a BIRD 2 is given restart its session, which is up again within seconds', async () => {
    const before = await established();
    secret('bird', 'bird-2');
    await bird.configure(birdConfig('bird-2'));
    await bird.untilEstablished('node');
    await godwit.untilEstablished(BIRD);
    const { [BIRD]: _restarted, ...rest } = before;
    expect(await established()).toMatchObject(rest);
  });

  it('that are gone hold down their own session, with the name of the Secret', async () => {
    const before = await established();
    secret('bird', '');
    const { downBecause } = await waitFor(
      () => godwit.neighbor(BIRD),
      ({ state }) => state === 'Idle',
      { what: 'the session to be held down' },
    );
    expect(downBecause).toBe(
      'the password in Secret/kube-system/bird (its password is empty) cannot be read; a session without it would be unauthenticated',
    );
    const { [BIRD]: _held, ...rest } = before;
    expect(await established()).toMatchObject(rest);
  });
});
