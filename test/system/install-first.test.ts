/**
 * `advertiseAfterInstall` with a real kernel: a neighbor hears of a route once the kernel has it, not while somebody
 * else's route is in its place, and no more when the kernel refuses it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { calico, Godwit, profile } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import { RawPeer, rawUpdate, rawWithdrawal, usualCapabilities } from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const NODE = '10.9.0.1';
const FEEDER = { address: '10.9.0.2', as: 65_001 };
const LISTENER = { address: '10.9.0.3', as: 65_002 };
const FREE = '10.244.7.0/26';
/** Where a route of somebody else stands, one that godwit does not learn. */
const TAKEN = '10.244.8.0/26';
/** In the place that godwit's own would have: the metric of a route with LOCAL_PREF 100 is part of the kernel's key. */
const FOREIGN = ['proto', 'kernel', 'metric', '2147483547'];

describeWith(['root', 'netns', 'ip', 'veth', 'native'], 'Announcing what the kernel has', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let godwit: Godwit;
  let feeder: RawPeer;
  let listener: RawPeer;

  beforeAll(async () => {
    node = await lab.namespace('node');
    const far = await lab.namespace('peers');
    await lab.link(
      { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
      {
        namespace: far,
        device: 'eth0',
        addresses: [FEEDER, LISTENER].map(({ address }) => `${address}/24`),
      },
    );
    const portal = await Portal.open(lab, far, 'peers');
    await node.ip('route', 'add', TAKEN, 'via', FEEDER.address, ...FOREIGN);
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      config: { policy: { outside: 'calico' } },
      resources: [
        calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
        calico('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Never' }),
        calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
        profile({ node: { advertiseAfterInstall: true } }),
        ...[FEEDER, LISTENER].map(({ address, as: asNumber }) =>
          calico('BGPPeer', `as-${asNumber}`, { peerIP: `${address}:1`, asNumber }),
        ),
      ],
    });
    await godwit.start();
    await godwit.untilReady();
    const call = async ({ address, as }: typeof FEEDER): Promise<RawPeer> => {
      const peer = new RawPeer(await portal.dial({ host: NODE, port: 179, from: address }));
      await peer.establish({ as, identifier: as, capabilities: usualCapabilities(as) });
      peer.keepAlive(5000);
      return peer;
    };
    [feeder, listener] = [await call(FEEDER), await call(LISTENER)];
    await godwit.untilEstablished(FEEDER.address, LISTENER.address);
  });

  afterAll(async () => {
    await lab.destroy();
  });

  const advertised = async (): Promise<number> =>
    (await godwit.neighbor(LISTENER.address)).families[0]!.advertised;

  function untilAdvertised(count: number): Promise<number> {
    const what = `${count} routes to be announced`;
    return waitFor(advertised, (seen) => seen === count, { what, timeoutMs: 10_000 });
  }

  it('a neighbor is told what the kernel has taken, and not what has no place there', async () => {
    const [nextHop, asPath] = [FEEDER.address, [FEEDER.as]];
    feeder.send(rawUpdate({ asPath, nextHop, prefixes: [TAKEN, FREE] }));
    await listener.untilAnnounced([FREE], 10_000);
    expect(await advertised()).toBe(1);
    expect(await node.ip('route', 'show', FREE)).toContain('proto bird');
    expect(await node.ip('route', 'show', TAKEN)).toContain('proto kernel');
    const held = (await godwit.kernelRoutes()).find(({ prefix }) => prefix === TAKEN);
    expect(held?.state).not.toBe('installed');
  });

  it('is told the other one when its place is free', async () => {
    await node.ip('route', 'del', TAKEN, ...FOREIGN);
    await listener.untilAnnounced([TAKEN], 30_000);
    expect(await node.ip('route', 'show', TAKEN)).toContain('proto bird');
    expect(await untilAdvertised(2)).toBe(2);
  });

  it('is told of the withdrawal at once', async () => {
    feeder.send(rawWithdrawal([TAKEN, FREE]));
    expect(await untilAdvertised(0)).toBe(0);
    await waitFor(
      () => node.ip('route', 'show', 'proto', 'bird'),
      (text) => text.trim() === '',
      { what: 'the kernel to follow' },
    );
  });
});
