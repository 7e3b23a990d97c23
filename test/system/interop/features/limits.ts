/** How much a peer may send (RFC 4271 §6.7, RFC 4486), and for how long it may be silent. */
import { waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, PATIENCE_MS, ROUTE, untilSaid } from '../stage.ts';

const WITHIN = [ROUTE.ipv4, '192.0.2.0/24'];
/** More than the limit, whether or not the daemon sends our own block back. */
const BEYOND = [...WITHIN, '198.51.100.0/24', '198.18.0.0/24'];

const own = (prefixes: readonly string[]) => prefixes.map((prefix) => ({ prefix }));

export const LIMITS: readonly Feature[] = [
  {
    id: 'max-prefix',
    section: 'Sessions',
    title: 'The daemon announces more than godwit allows: Cease 6/1, and the daemon is told',
    rfcs: [4271, 4486],
    stage: {
      settings: { maxPrefixesIn: { limits: { 'ipv4-unicast': 3 }, action: 'restart' } },
      originate: own(WITHIN),
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned('192.0.2.0/24');
      await stage.untilTold(BLOCK.ipv4);
      const looped = await sendsBack(stage.daemonName === 'frr', () =>
        stage.godwitPaths(BLOCK.ipv4),
      );
      await stage.daemon.originate(own(BEYOND));
      await waitFor(
        () => stage.godwit.events('notification'),
        (events) =>
          events.some(
            ({ direction, text }) =>
              direction === 'sent' && `${text}`.includes('Maximum Number of Prefixes Reached (1)'),
          ),
        { what: 'the Cease', timeoutMs: PATIENCE_MS },
      );
      await stage.untilUntold(BLOCK.ipv4);
      await untilSaid(stage, /it sent more than 3 ipv4-unicast prefixes; down for .*: raise maxPr/);
      return looped ? 'sends godwit its own block back, which counts' : undefined;
    },
  },
  {
    id: 'hangs',
    section: 'Sessions',
    title:
      'The daemon hangs: the session ends with its hold time, godwit says why, and it comes back when the daemon does',
    rfcs: [4271],
    stage: { session: { holdTime: 6 }, originate: own(WITHIN) },
    async run(stage) {
      await stage.up();
      await stage.untilLearned('192.0.2.0/24');
      await stage.freeze('SIGSTOP');
      await untilSaid(
        stage,
        /Nothing heard from the peer for 6 s \(hold timer expired\)|Connected for \d+ s, and no OPEN has come/,
      );
      await stage.untilForgotten('192.0.2.0/24');
      await stage.freeze('SIGCONT');
      await stage.untilEstablished();
      await stage.untilLearned('192.0.2.0/24');
      return undefined;
    },
  },
];

/** Whether our own block comes back to us; waited for only where it is known to. */
async function sendsBack(
  expected: boolean,
  paths: () => Promise<readonly unknown[]>,
): Promise<boolean> {
  if (!expected) return (await paths()).length > 1;
  await waitFor(paths, ({ length }) => length > 1, {
    what: 'our block to come back',
    timeoutMs: PATIENCE_MS,
  });
  return true;
}
