import { expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { MessageCursor } from './message.ts';
import { RawRoute } from './raw-route.ts';
import { RouteRequestWriter } from './route-request.ts';
import { RouteRuns } from './route-runs.ts';

/** A dump's messages have the form of requests. */
function rawRoute(third: number): RawRoute {
  const writer = new RouteRequestWriter();
  writer.addRoute('add', {
    family: 4,
    type: 'blackhole',
    protocol: 12,
    scope: 0,
    nextHops: [],
    flags: 0,
    table: 254,
    prefix: prefix(`10.0.${third}.0/24`),
    metric: 0,
  });
  const { octets } = writer.batch();
  const message = new MessageCursor().reset(octets, octets.length);
  message.next();
  const raw = new RawRoute();
  raw.load(message);
  return raw;
}

it('Routes come as values in runs of the length asked for, the last one shorter', () => {
  const runs: string[][] = [];
  const visitor = new RouteRuns(2, (routes) => runs.push(routes.map((route) => route.prefix)));
  for (let i = 0; i < 5; i++) visitor.onRoute(rawRoute(i));
  visitor.flush();
  visitor.flush();
  expect(runs).toEqual([
    ['10.0.0.0/24', '10.0.1.0/24'],
    ['10.0.2.0/24', '10.0.3.0/24'],
    ['10.0.4.0/24'],
  ]);
});
