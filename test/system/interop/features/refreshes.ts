/** What is said on a session that stands: refresh, and goodbye. */
import { expect } from 'vitest';
import { waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, DAEMON, GODWIT, PATIENCE_MS, ROUTE } from '../stage.ts';

const WHY = 'maintenance till noon';

export const REFRESHES: readonly Feature[] = [
  {
    id: 'refresh-asked',
    section: 'Sessions',
    title: 'godwit asks for the routes again and gets them; the session stays',
    rfcs: [2918],
    needs: ['answersRefresh'],
    stage: { originate: [{ prefix: ROUTE.ipv4 }] },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      const before = await stage.godwit.neighbor(DAEMON.ipv4);
      await stage.godwit.client.command('resetNeighbor', { name: DAEMON.ipv4, soft: true });
      const after = await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ received }) => Number(received.update) > Number(before.received.update),
        { what: 'the routes to come again', timeoutMs: PATIENCE_MS },
      );
      expect(Number(after.sent.routeRefresh)).toBeGreaterThan(0);
      expect(await stage.flaps()).toBe(0);
      return undefined;
    },
  },
  {
    id: 'refresh-answered',
    section: 'Sessions',
    title: 'the daemon asks for the routes again and gets them; the session stays',
    rfcs: [2918],
    needs: ['asksRefresh'],
    async run(stage) {
      await stage.up();
      await stage.untilTold(BLOCK.ipv4);
      const before = await stage.godwit.neighbor(DAEMON.ipv4);
      await stage.daemon.refresh(GODWIT.ipv4);
      const after = await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ sent }) => Number(sent.update) > Number(before.sent.update),
        { what: 'the routes to go again', timeoutMs: PATIENCE_MS },
      );
      expect(Number(after.received.routeRefresh)).toBeGreaterThan(0);
      expect(await stage.flaps()).toBe(0);
      return undefined;
    },
  },
  {
    id: 'shutdown-heard',
    section: 'Sessions',
    title: 'the daemon closes with a text, and godwit shows it',
    rfcs: [9003, 4486],
    needs: ['shutdownText'],
    async run(stage) {
      await stage.up();
      await stage.daemon.shut(GODWIT.ipv4, WHY);
      const { lastError } = await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        (neighbor) => neighbor.state !== 'Established' && neighbor.lastError !== '',
        { what: 'the goodbye', timeoutMs: PATIENCE_MS },
      );
      expect(lastError).toMatch(/^Peer says Cease \(6\), Administrative Shutdown \(2\)/);
      expect(lastError).toContain(WHY);
      return undefined;
    },
  },
  {
    id: 'shutdown-said',
    section: 'Sessions',
    title: 'godwit closes with a text, and the daemon knows it',
    rfcs: [9003, 4486],
    async run(stage) {
      await stage.up();
      await stage.godwit.client.command('setNeighborEnabled', {
        name: DAEMON.ipv4,
        enabled: false,
        reason: WHY,
      });
      await waitFor(
        async () => `${(await stage.daemon.session(GODWIT.ipv4)).text}${stage.daemon.log()}`,
        (text) => text.includes(WHY),
        { what: 'the daemon to show the text', timeoutMs: PATIENCE_MS },
      );
      return undefined;
    },
  },
];
