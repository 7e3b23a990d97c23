/** Who may talk at all: TCP-MD5 and TTLs. */
import { expect } from 'vitest';
import { type CalicoResource, calico } from '../../../support/godwit.ts';
import { staysTrue, waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, DAEMON, PATIENCE_MS, ROUTE, type Stage, untilSaid } from '../stage.ts';

function secret(password: string): CalicoResource {
  const data = { tcp: Buffer.from(password).toString('base64') };
  const metadata = { name: 'bgp', namespace: 'kube-system' };
  return { apiVersion: 'v1', kind: 'Secret', metadata, data } as unknown as CalicoResource;
}

const PASSWORD = { secretKeyRef: { name: 'bgp', key: 'tcp' } };

/** Nothing comes up for a while that is long against what a session takes. */
async function staysDown(stage: Stage): Promise<void> {
  const look = () => stage.godwit.neighbor(DAEMON.ipv4);
  await waitFor(look, () => true, { what: 'godwit to have a plan', timeoutMs: PATIENCE_MS });
  await staysTrue(look, ({ state }) => state !== 'Established', {
    what: 'the session being down',
    forMs: 6_000,
    intervalMs: 500,
  });
  expect((await stage.daemon.session('10.9.0.1')).established).toBe(false);
}

export const SECURITY: readonly Feature[] = [
  {
    id: 'md5',
    section: 'Sessions',
    title: 'TCP-MD5 with the same password on both sides',
    rfcs: [2385],
    stage: {
      session: { password: 'kestrel' },
      peer: { password: PASSWORD },
      resources: [secret('kestrel')],
      originate: [{ prefix: ROUTE.ipv4 }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.untilTold(BLOCK.ipv4);
      return undefined;
    },
  },
  {
    id: 'md5-wrong',
    section: 'Sessions',
    title: 'another password keeps the session down; corrected in godwit, it comes up',
    rfcs: [2385],
    stage: {
      session: { password: 'kestrel' },
      peer: { password: PASSWORD },
      resources: [secret('kestral')],
    },
    async run(stage) {
      await Promise.all([stage.daemon.start(stage.daemonConfig), stage.godwit.start()]);
      await staysDown(stage);
      await untilSaid(
        stage,
        /TCP-MD5 signature does not match: compare the passwords of both sides/,
      );
      stage.godwit.writeResource(secret('kestrel'));
      await stage.untilEstablished();
      return undefined;
    },
  },
  {
    id: 'md5-missing',
    section: 'Sessions',
    title: 'the daemon has a password and godwit has none: down; given to godwit, it comes up',
    rfcs: [2385],
    needs: ['refusesUnsigned'],
    stage: { session: { password: 'kestrel' } },
    async run(stage) {
      await Promise.all([stage.daemon.start(stage.daemonConfig), stage.godwit.start()]);
      await staysDown(stage);
      await untilSaid(stage, /where no password is configured: if the neighbor has one, set it/);
      stage.godwit.writeResource(secret('kestrel'));
      const { daemonPeer } = stage;
      stage.godwit.writeResource(
        calico('BGPPeer', daemonPeer, { ...stage.peerSpec, password: PASSWORD }),
      );
      await stage.untilEstablished();
      return undefined;
    },
  },
  {
    id: 'gtsm',
    section: 'Sessions',
    title: 'TTL security on both sides, and either calls',
    rfcs: [5082],
    needs: ['gtsm'],
    stage: {
      session: { gtsm: true },
      peer: { ttlSecurity: 1 },
      originate: [{ prefix: ROUTE.ipv4 }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.untilTold(BLOCK.ipv4);
      return undefined;
    },
  },
  {
    id: 'gtsm-refused',
    section: 'Sessions',
    title: 'godwit demands TTL 255 and the daemon sends less: no session, nor a word exchanged',
    rfcs: [5082],
    stage: { peer: { ttlSecurity: 1 } },
    async run(stage) {
      await Promise.all([stage.daemon.start(stage.daemonConfig), stage.godwit.start()]);
      await staysDown(stage);
      await untilSaid(stage, /TTL below 255 and are dropped \(ttlSecurity 1\): it must send 255/);
      expect(Number((await stage.godwit.neighbor(DAEMON.ipv4)).received.open)).toBe(0);
      return undefined;
    },
  },
  {
    id: 'multihop',
    section: 'Sessions',
    title: 'the daemon takes godwit to be several hops away: any TTL will do',
    rfcs: [4271],
    stage: { session: { ttl: 8 }, originate: [{ prefix: ROUTE.ipv4 }] },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.untilTold(BLOCK.ipv4);
      return undefined;
    },
  },
];
