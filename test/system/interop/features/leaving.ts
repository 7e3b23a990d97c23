/** What the daemon sees of godwit's restarts and of its leaving. */
import { expect } from 'vitest';
import type { DaemonName } from '../../../support/interop/daemon.ts';
import { waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, DAEMON, GODWIT, PATIENCE_MS, ROUTE, type Stage } from '../stage.ts';

const GRACEFUL_SHUTDOWN = '65535:0';

interface Bits {
  readonly restarted: boolean;
  readonly preserved: boolean;
}

/** What each daemon tells of the graceful restart capability of its peer. */
const READERS: Readonly<Partial<Record<DaemonName, (text: string) => Bits>>> = {
  bird2(text) {
    const theirs = text.slice(text.indexOf('Neighbor capabilities'));
    return {
      restarted: theirs.includes('Restart recovery'),
      preserved: /AF preserved: +ipv4/.test(theirs),
    };
  },
  gobgpd(text) {
    const { state } = JSON.parse(text) as { state: { remote_cap: Capability[] } };
    const found = state.remote_cap.find(({ type_url: url }) =>
      url.endsWith('GracefulRestartCapability'),
    );
    // A protobuf: field 1, if it is not 0, has the flags; the family comes last, with its flags in field 2.
    const octets = Buffer.from(found?.value ?? '', 'base64');
    const flags = octets[0] === 0x08 ? octets[1]! : 0;
    return { restarted: (flags & 8) !== 0, preserved: octets.toString('hex').endsWith('108001') };
  },
  frr: (text) => ({
    restarted: /"rBit":true/.test(text),
    preserved: /"fBit":true/.test(text),
  }),
  openbgpd(text) {
    const theirs = text.slice(text.indexOf('"remote": {'));
    return {
      restarted: /"restart": true/.test(theirs),
      preserved: /"preserved": true/.test(theirs),
    };
  },
};

interface Capability {
  readonly type_url: string;
  readonly value?: string;
}

async function bitsSeen({ daemon, daemonName }: Stage): Promise<Bits> {
  const { text } = await daemon.session(GODWIT.ipv4);
  return READERS[daemonName]!(text);
}

export const LEAVING: readonly Feature[] = [
  {
    id: 'restart-bits',
    section: 'Restarts',
    title:
      'The daemon sees godwit without the R bit and the F bit at first, and with both after a restart that its kernel routes outlived',
    rfcs: [4724],
    needs: ['showsRestartBits'],
    stage: { session: { restartTime: 60 }, originate: [{ prefix: ROUTE.ipv4 }] },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      // A daemon that drops the first session at once (its own connection collided with ours) sees the OPEN of a session
      // that comes again, and that one says F with right (RFC 4724 §3).
      const { flaps } = await stage.godwit.neighbor(DAEMON.ipv4);
      expect(await bitsSeen(stage)).toEqual({ restarted: false, preserved: flaps > 0 });
      await stage.godwit.untilReady();
      await stage.godwit.kill('SIGKILL');
      await stage.godwit.start();
      await stage.untilEstablished();
      expect(await bitsSeen(stage)).toEqual({ restarted: true, preserved: true });
      return undefined;
    },
  },
  {
    id: 'drain',
    section: 'Restarts',
    title:
      'Godwit is drained: its routes come with GRACEFUL_SHUTDOWN first, then they are withdrawn, then the session is closed',
    rfcs: [8326],
    async run(stage) {
      await stage.up();
      expect((await stage.untilTold(BLOCK.ipv4)).communities).toEqual([]);
      const drained = stage.godwit.command('drain', '--limit', '60', '--message', 'new kernel');
      await stage.untilTold(BLOCK.ipv4, ({ communities }) =>
        communities.includes(GRACEFUL_SHUTDOWN),
      );
      expect((await stage.daemon.session(GODWIT.ipv4)).established).toBe(true);
      expect(await drained).toContain('all sessions are closed');
      await stage.untilUntold(BLOCK.ipv4);
      await waitFor(
        () => stage.daemon.session(GODWIT.ipv4),
        ({ established }) => !established,
        { what: 'the session to be closed', timeoutMs: PATIENCE_MS },
      );
      return undefined;
    },
  },
];
