/** What came after RFC 4724 and RFC 2918: hard resets, refreshes with an end, graceful shutdown. */
import { expect } from 'vitest';
import { staysTrue, waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, DAEMON, GODWIT, PATIENCE_MS, ROUTE } from '../stage.ts';

export const LATER_RESTARTS: readonly Feature[] = [
  {
    id: 'enhanced-refresh',
    section: 'Sessions',
    title: 'a refresh has a beginning and an end, whoever asks; nothing is lost',
    rfcs: [7313],
    needs: ['enhancedRefresh', 'answersRefresh'],
    stage: { session: { enhancedRefresh: true }, originate: [{ prefix: ROUTE.ipv4 }] },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.untilTold(BLOCK.ipv4);
      const { capabilities } = await stage.godwit.neighbor(DAEMON.ipv4);
      expect(capabilities).toContain('enhanced-route-refresh');
      await stage.godwit.client.command('resetNeighbor', { name: DAEMON.ipv4, soft: true });
      await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ received }) => Number(received.routeRefresh) >= 2,
        { what: 'the beginning and the end', timeoutMs: PATIENCE_MS },
      );
      const sent = Number((await stage.godwit.neighbor(DAEMON.ipv4)).sent.routeRefresh);
      await stage.daemon.refresh(GODWIT.ipv4);
      await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        (neighbor) => Number(neighbor.sent.routeRefresh) >= sent + 2,
        { what: 'godwit to mark its answer', timeoutMs: PATIENCE_MS },
      );
      await staysTrue(
        async () => [await stage.daemon.paths(BLOCK.ipv4), await stage.godwitPaths(ROUTE.ipv4)],
        (both) => both.every((paths) => paths.length === 1),
        { what: 'both routes', forMs: 1_500, intervalMs: 300 },
      );
      expect(await stage.flaps()).toBe(0);
      return undefined;
    },
  },
  {
    id: 'notification-bit',
    section: 'Restarts',
    title:
      'both set the N bit; a session that godwit’s operator shuts is a Hard Reset, and the daemon drops what it had',
    rfcs: [8538],
    needs: ['notificationBit'],
    stage: {
      session: { restartTime: 60, notification: true },
      originate: [{ prefix: ROUTE.ipv4 }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilTold(BLOCK.ipv4);
      await stage.godwit.client.command('setNeighborEnabled', {
        name: DAEMON.ipv4,
        enabled: false,
        reason: 'over',
      });
      const [said] = stage.godwit.events('notification');
      expect(said).toMatchObject({ direction: 'sent', text: expect.stringMatching(/Hard Reset/) });
      await stage.untilUntold(BLOCK.ipv4);
      return undefined;
    },
  },
  {
    id: 'notification-bit-heard',
    section: 'Restarts',
    title:
      'both set the N bit; the daemon’s operator shuts the session: godwit drops at once what it had',
    rfcs: [8538],
    needs: ['notificationBit'],
    stage: {
      session: { restartTime: 60, notification: true },
      originate: [{ prefix: ROUTE.ipv4 }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.daemon.shut(GODWIT.ipv4, 'over');
      await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ state }) => state !== 'Established',
        { what: 'the session to end', timeoutMs: PATIENCE_MS },
      );
      const { lastError } = await stage.godwit.neighbor(DAEMON.ipv4);
      if (!/Hard Reset/.test(lastError ?? '')) {
        // RFC 8538 §4: what is no Hard Reset is survived.
        await stage.untilLearned(ROUTE.ipv4, ({ stale }) => stale);
        return 'says Cease without Hard Reset, so that godwit keeps the routes for the restart time';
      }
      await stage.untilForgotten(ROUTE.ipv4);
      return undefined;
    },
  },
  {
    id: 'graceful-shutdown',
    section: 'Attributes',
    title: 'GRACEFUL_SHUTDOWN from the daemon: the route gets LOCAL_PREF 0 in godwit',
    rfcs: [8326],
    stage: { originate: [{ prefix: ROUTE.ipv4, communities: ['65535:0'] }] },
    async run(stage) {
      await stage.up();
      expect(await stage.untilLearned(ROUTE.ipv4)).toMatchObject({ localPref: 0, best: true });
      return undefined;
    },
  },
];
