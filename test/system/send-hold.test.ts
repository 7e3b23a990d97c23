/**
 * A peer that is alive and takes no octets any more: its session ends by SendHoldTimer (RFC 9687), over real TCP whose
 * window has closed; others notice nothing.
 */
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { calico, Godwit, profile } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import { RawPeer, rawUpdate, rawWithdrawal, usualCapabilities } from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const NODE = '10.9.0.1';
const FEEDER = { address: '10.9.0.2', as: 65_001 };
const DEAF = { address: '10.9.0.3', as: 65_002 };
/** Each an UPDATE of its own: more octets than all the buffers on the way hold. */
const ROUTES = 30_000;
const HOLD_TIME = 6;
/** Octets that a kernel holds of a connection: least, usual, most; for a shell. */
const SMALL_BUFFERS = '"4096 16384 16384"';

const NEEDS = ['root', 'netns', 'ip', 'veth', 'native'] as const;

describeWith(NEEDS, 'A peer that stops reading', () => {
  const lab = new NetworkLab();
  let portal: Portal;
  let godwit: Godwit;

  beforeAll(async () => {
    const [node, far] = [await lab.namespace('node'), await lab.namespace('peers')];
    await node.sysctl({ 'net.ipv4.tcp_wmem': SMALL_BUFFERS });
    await far.sysctl({ 'net.ipv4.tcp_rmem': SMALL_BUFFERS });
    const addresses = [FEEDER, DEAF].map(({ address }) => `${address}/24`);
    await lab.link(
      { namespace: node, device: 'eth0', addresses: [`${NODE}/24`] },
      { namespace: far, device: 'eth0', addresses },
    );
    portal = await Portal.open(lab, far, 'peers');
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      config: { policy: { outside: 'calico' } },
      resources: [
        calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
        profile({ settings: { timers: { sendHoldTime: `${HOLD_TIME}s` } } }),
        // What lies in a pool is passed on.
        calico('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Never' }),
        calico('Node', 'node', { bgp: { ipv4Address: `${NODE}/24` } }),
        ...[FEEDER, DEAF].map(({ address: peerIP, as: asNumber }) =>
          calico('BGPPeer', `as-${asNumber}`, { peerIP, asNumber }),
        ),
      ],
    });
    await godwit.start();
    await godwit.untilReady();
  });

  afterAll(async () => {
    await lab.destroy();
  });

  async function call({ address, as }: typeof FEEDER): Promise<{ peer: RawPeer; socket: Duplex }> {
    const socket = await portal.dial({ host: NODE, port: 179, from: address });
    const peer = new RawPeer(socket);
    const identifier = 0x0a09_0000 + Number(address.split('.')[3]);
    const capabilities = usualCapabilities(as);
    await peer.establish({ as, identifier, holdTime: HOLD_TIME, capabilities });
    peer.keepAlive(1000);
    return { peer, socket };
  }

  it('loses its session after the send hold time, though it says that it is alive', async () => {
    const feeder = await call(FEEDER);
    const deaf = await call(DEAF);
    await godwit.untilEstablished(FEEDER.address, DEAF.address);
    deaf.socket.pause();
    feeder.peer.send(
      ...Array.from({ length: ROUTES }, (_, i) =>
        rawUpdate({
          asPath: [FEEDER.as, 100_000 + i],
          nextHop: FEEDER.address,
          prefixes: [`10.244.${i >> 8}.${i & 255}/32`],
        }),
      ),
      rawWithdrawal([]),
    );
    const began = performance.now();
    await waitFor(
      () => godwit.neighbor(DEAF.address),
      ({ flaps }) => flaps === 1,
      { what: 'the session to end', timeoutMs: 30_000 },
    );
    expect(performance.now() - began).toBeGreaterThan((HOLD_TIME - 0.5) * 1000);
    const { lastError } = await godwit.neighbor(DEAF.address);
    expect(lastError).toContain(
      `The peer has taken no octets for ${HOLD_TIME} s (send hold timer expired): it hangs`,
    );
    const other = await godwit.neighbor(FEEDER.address);
    expect(other).toMatchObject({ state: 'Established', flaps: 0 });
    expect(other.families[0]).toMatchObject({ accepted: ROUTES });
  });
});
