/** Graceful restart, either of the two restarting. */
import { expect } from 'vitest';
import { staysTrue, waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, DAEMON, GODWIT, PATIENCE_MS, ROUTE } from '../stage.ts';

const GONE = '198.51.100.0/24';

export const RESTARTS: readonly Feature[] = [
  {
    id: 'end-of-rib',
    section: 'Restarts',
    title: 'End-of-RIB comes from the daemon and goes to it, also for an empty table',
    rfcs: [4724],
    stage: { session: { restartTime: 60 } },
    async run(stage) {
      await stage.up();
      await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ families }) =>
          families[0]?.endOfRibReceived === true && families[0].endOfRibSent === true,
        { what: 'End-of-RIB both ways', timeoutMs: PATIENCE_MS },
      );
      return undefined;
    },
  },
  {
    id: 'restart-helped',
    section: 'Restarts',
    title:
      'the daemon is killed and comes back: godwit keeps its routes meanwhile, also in the kernel, and drops what it does not announce again',
    rfcs: [4724],
    needs: ['restarts'],
    stage: {
      session: { restartTime: 60 },
      originate: [{ prefix: ROUTE.ipv4 }, { prefix: GONE }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.untilLearned(GONE);
      const kernelHas = async (): Promise<boolean> =>
        (await stage.node.ip('route', 'show', ROUTE.ipv4)) !== '';
      await waitFor(kernelHas, (there) => there, { what: 'the route in the kernel' });
      await stage.daemon.stop('SIGKILL');
      await stage.untilLearned(ROUTE.ipv4, ({ stale }) => stale);
      await staysTrue(kernelHas, (there) => there, { what: 'the route', forMs: 1_000 });
      const config = { ...stage.daemonConfig, originate: [{ prefix: ROUTE.ipv4 }] };
      await stage.daemon.start(config, { restarting: true });
      await stage.untilEstablished();
      await stage.untilLearned(ROUTE.ipv4, ({ stale }) => !stale);
      await stage.untilForgotten(GONE);
      expect(await kernelHas()).toBe(true);
      return undefined;
    },
  },
  {
    id: 'restart-made',
    section: 'Restarts',
    title:
      'godwit is killed and comes back: the daemon keeps its routes meanwhile, and has them fresh after',
    rfcs: [4724],
    needs: ['helpsRestarts'],
    stage: { session: { restartTime: 60 }, originate: [{ prefix: ROUTE.ipv4 }] },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.untilTold(BLOCK.ipv4);
      await stage.godwit.kill('SIGKILL');
      await waitFor(
        () => stage.daemon.session(GODWIT.ipv4),
        ({ established }) => !established,
        { what: 'the daemon to notice', timeoutMs: PATIENCE_MS },
      );
      const has = async (): Promise<boolean> =>
        (await stage.daemon.paths(BLOCK.ipv4)).some(({ best }) => best);
      await staysTrue(has, (there) => there, { what: 'the block', forMs: 1_000 });
      const [path] = await stage.daemon.paths(BLOCK.ipv4);
      await stage.godwit.start();
      await stage.untilEstablished();
      await stage.untilTold(BLOCK.ipv4, ({ stale }) => !stale);
      await staysTrue(has, (there) => there, { what: 'the block', forMs: 2_000 });
      expect(await stage.node.ip('route', 'show', ROUTE.ipv4)).not.toBe('');
      return path?.stale === true ? undefined : 'does not show that a route is stale';
    },
  },
];
