/** Sessions as they usually are. */
import { expect } from 'vitest';
import type { Feature } from '../feature.ts';
import { BLOCK, DAEMON, DAEMON_AS, GODWIT, ROUTE, type Stage } from '../stage.ts';

/** Routes go both ways in this family, and are withdrawn again. */
async function exchange(stage: Stage, family: 'ipv4' | 'ipv6'): Promise<void> {
  await stage.up();
  const learned = await stage.untilLearned(ROUTE[family]);
  expect(learned).toMatchObject({ asPath: `${DAEMON_AS}`, nextHop: DAEMON[family] });
  const told = await stage.untilTold(BLOCK[family]);
  expect(told).toMatchObject({ asPath: '64512', nextHop: GODWIT[family] });
  await stage.daemon.originate([]);
  await stage.untilForgotten(ROUTE[family]);
  stage.godwit.removeResource('BlockAffinity', family);
  await stage.untilUntold(BLOCK[family]);
}

export const SESSIONS: readonly Feature[] = [
  {
    id: 'session-ipv4',
    section: 'Sessions',
    title: 'an eBGP session over IPv4: routes are announced both ways and withdrawn',
    rfcs: [4271],
    stage: { originate: [{ prefix: ROUTE.ipv4 }] },
    async run(stage) {
      await exchange(stage, 'ipv4');
      return undefined;
    },
  },
  {
    id: 'session-ipv6',
    section: 'Sessions',
    title: 'an eBGP session over IPv6: routes are announced both ways and withdrawn',
    rfcs: [4760, 2545],
    stage: { families: ['ipv6'], originate: [{ prefix: ROUTE.ipv6 }] },
    async run(stage) {
      await exchange(stage, 'ipv6');
      return undefined;
    },
  },
];
