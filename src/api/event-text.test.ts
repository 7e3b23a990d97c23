import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SpeakerEvent } from '../speaker/events.ts';
import { describeEvent, EVENT_ROWS } from './event-text.ts';

const SAMPLES: readonly [SpeakerEvent, string, string][] = [
  [
    {
      event: 'session-up',
      peer: 'Mesh_10_0_0_2',
      address: '10.0.0.2',
      remoteAs: 64512,
      families: ['ipv4-unicast', 'ipv6-unicast'],
    },
    'info',
    'Session Mesh_10_0_0_2 with 10.0.0.2 AS 64512 is up: ipv4-unicast, ipv6-unicast',
  ],
  [
    { event: 'session-down', peer: 'p', address: 'fe80::1', state: 'Established', reason: 'why' },
    'warn',
    'Session p with fe80::1 went down from Established: why',
  ],
  [
    { event: 'notification', peer: 'p', direction: 'sent', text: 'Cease' },
    'debug',
    'NOTIFICATION sent to p: Cease',
  ],
  [
    { event: 'notification', peer: 'p', direction: 'received', text: 'Cease' },
    'debug',
    'NOTIFICATION received from p: Cease',
  ],
  [
    { event: 'route-error', prefix: '10.0.0.0/8', errno: 'EPERM', reason: 'no permission' },
    'error',
    'Kernel route 10.0.0.0/8 refused (EPERM): no permission',
  ],
  [
    { event: 'stale-swept', peer: 'p', family: 'ipv4-unicast', routes: 3, reason: 'End-of-RIB' },
    'info',
    '3 stale ipv4-unicast routes of p removed: End-of-RIB',
  ],
  [
    {
      event: 'stale-kept-long',
      peer: 'p',
      family: 'ipv4-unicast',
      routes: 3,
      seconds: 60,
      reason: 'it is gone',
    },
    'warn',
    '3 stale ipv4-unicast routes of p kept for another 60 s: it is gone',
  ],
];

describe('describeEvent', () => {
  it.each(SAMPLES)('says %j at level %s as one sentence', (event, level, text) => {
    expect(describeEvent(event)).toEqual({ level, text });
  });

  it('has a row for every event of the core, and no other', () => {
    const source = readFileSync(new URL('../speaker/events.ts', import.meta.url), 'utf8');
    const declared = [...source.matchAll(/readonly event:([^;]+);/g)].flatMap((match) =>
      [...match[1]!.matchAll(/'([a-z-]+)'/g)].map((name) => name[1]!),
    );
    expect(declared.length).toBeGreaterThan(20);
    expect(Object.keys(EVENT_ROWS).sort()).toEqual(declared.sort());
  });
});
