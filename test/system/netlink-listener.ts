/**
 * What `netlink.test.ts` asks of the socket that hears the kernel, run as `unshare -n node netlink-listener.ts`: it goes to
 * the head of the listeners again and again while somebody else changes routes. Prints one line of JSON.
 */

import { spawn, spawnSync } from 'node:child_process';
import { EventSocket } from '../../src/io/netlink-events.ts';
import { MulticastGroup } from '../../src/netlink/codes.ts';
import { visitKernelMessages } from '../../src/netlink/events.ts';
import { decodeRoute } from '../../src/netlink/route.ts';

const ROUTES = 4000;
/** Far away from what the other one writes. */
const LAST = '10.99.0.0/24';

const told: string[] = [];
const opened = EventSocket.open({
  groups: [MulticastGroup.IPV4_ROUTE],
  onOctets: (octets, length) =>
    visitKernelMessages(octets, length, {
      onLink: () => undefined,
      onAddress: () => undefined,
      onRoute: (route) => {
        if (route.table === 254) told.push(`${route.change} ${decodeRoute(route).prefix}`);
      },
    }),
  onFailure: (error) => {
    throw new Error(JSON.stringify(error));
  },
});
if ('kind' in opened) throw new Error(JSON.stringify(opened));
const events = opened;

const prefixes = Array.from({ length: ROUTES }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
const expected = [
  ...prefixes.map((prefix) => `set ${prefix}`),
  ...prefixes.map((prefix) => `removed ${prefix}`),
];
const lines = [
  ...prefixes.map((prefix) => `route add blackhole ${prefix}`),
  ...prefixes.map((prefix) => `route del blackhole ${prefix}`),
  `route add blackhole ${LAST}`,
];

/** Something waits: then nothing may change, or what came since would be told before it. */
spawnSync('ip', ['route', 'add', 'blackhole', '10.98.0.0/24']);
const whileItWaits = events.renew();
const toldThen = told.splice(0);

const ip = spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
ip.stdin.end(lines.join('\n'));
let renewed = 0;
let kept = 0;
const heardAll = (): void => {
  events.close();
  const isInOrder = JSON.stringify(told.slice(0, -1)) === JSON.stringify(expected);
  const afterwards = events.renew();
  console.log(JSON.stringify({ whileItWaits, toldThen, isInOrder, renewed, kept, afterwards }));
};
const goOn = (): void => {
  if (told.at(-1) === `set ${LAST}`) return heardAll();
  if (events.renew()) renewed++;
  else kept++;
  setImmediate(goOn);
};
goOn();
