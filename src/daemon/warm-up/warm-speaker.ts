/** A speaker between sockets and a kernel that take everything: effects are carried out at once, octets are dropped. */

import type { DaemonFacts } from '../../api/messages.ts';
import { type HostFacts, Metrics } from '../../api/metrics.ts';
import { HistogramCell } from '../../base/metrics.ts';
import { type IpAddress, ip, ipFamily } from '../../net/ip-address.ts';
import { prefix, prefixFamily } from '../../net/prefix.ts';
import { RouteProtocol, RouteScope } from '../../netlink/codes.ts';
import type { Effect } from '../../speaker/effects.ts';
import type { ConnectionId, KernelChange, SpeakerInput } from '../../speaker/inputs.ts';
import { LOOP_DELAY_BOUNDS } from '../../speaker/metrics.ts';
import { Speaker } from '../../speaker/speaker.ts';
import { WARM_PLAN } from './warm-plan.ts';

const POLL_OCTETS = 65_536;
/** At a fraction, since V8 keeps whole numbers in fields of their own kind. */
const BEGIN = 1000.5;
/** Time stands still but for this when a table is settled: tidying waits for silence, no peer's timer is ever due. */
const SILENCE = 50;
const LINK = 2;
const FACTS: DaemonFacts = { version: '', problems: 0 };

export class WarmSpeaker {
  readonly #speaker: Speaker;
  #nextConnection = 2; // accepted connections have even numbers
  #morePending = false;
  readonly #answers: SpeakerInput[] = [];
  readonly #metrics = new Metrics();
  #now = BEGIN;
  /** Octets that peers would have been sent. */
  octetsSent = 0;

  constructor(kernelEnabled: boolean) {
    this.#speaker = new Speaker({ seed: 1, kernelEnabled, restarting: false, now: BEGIN });
  }

  accept(address: IpAddress): ConnectionId {
    const connection = this.#nextConnection;
    this.#nextConnection += 2;
    const local = { address: ip('192.0.2.1'), port: 179 };
    const remote = { address, port: 40_000 };
    this.step({ type: 'tcpAccepted', connection, remote, local });
    return connection;
  }

  receive(connection: ConnectionId, octets: Uint8Array): void {
    this.step({ type: 'octetsReceived', connection, octets });
  }

  /** Until nothing is left to do, and what nobody needs any more is gone: that goes last, when all is told. */
  settle(): void {
    while (this.#morePending) this.step({ type: 'wake' });
    this.#now += SILENCE;
    do this.step({ type: 'wake' });
    while (this.#morePending);
  }

  step(input: SpeakerInput): void {
    this.#one(input);
    for (let next = this.#answers.shift(); next !== undefined; next = this.#answers.shift()) {
      this.#one(next);
    }
  }

  /** As Prometheus does it: what is first met at a scrape would throw away code that was compiled without it. */
  scrape(): void {
    this.#metrics.collect({ view: this.#speaker.view, facts: FACTS, host: HOST });
  }

  #one(input: SpeakerInput): void {
    const { effects, morePending } = this.#speaker.step(input, this.#now);
    this.#morePending = morePending;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'wantsWrite':
        for (;;) {
          const octets = this.#speaker.pollTransmit(effect.connection, POLL_OCTETS);
          if (octets === undefined || octets.length === 0) return;
          this.octetsSent += octets.length;
        }
      case 'kernelDump':
        this.#answers.push(
          { type: 'kernelDumpStarted' },
          { type: 'kernelChanged', changes: MACHINE },
          { type: 'kernelDumpDone' },
        );
        return;
      case 'kernelRequests': {
        const { id, count } = effect.batch;
        this.#answers.push({ type: 'kernelAck', batch: id, errnos: new Int32Array(count) });
        return;
      }
      default: // nobody listens, calls or reads here
    }
  }
}

const NO_TIMES = new HistogramCell(LOOP_DELAY_BOUNDS);
const HOST: HostFacts = {
  cpuSeconds: 0.5,
  residentOctets: 0,
  heapOctets: 0,
  loopLagSecondsMax: 0.5,
  loopDelays: NO_TIMES,
  loopTurns: NO_TIMES,
  steps: [],
};

/**
 * One interface, in the subnet of all peers; and what a node learns and announces as its own, a subnet inside a pool
 * and a route that another program wrote.
 */
const MACHINE: readonly KernelChange[] = [
  {
    what: 'link',
    removed: false,
    link: {
      index: LINK,
      name: 'warm0',
      up: true,
      carrier: true,
      operState: 'up',
      mtu: 1500,
      loopback: false,
      pointToPoint: false,
    },
  },
  ...['192.0.2.1', '2001:db8::1', '10.3.0.1', 'fd00:3::1'].map(addressChange),
  ...['192.0.2.0/24', '2001:db8::/64', '10.3.0.0/24', 'fd00:3::/64'].map((subnet) =>
    routeChange(subnet, RouteProtocol.KERNEL),
  ),
  ...['10.3.1.0/26', 'fd00:3:1::/122'].map((route) => routeChange(route, RouteProtocol.STATIC)),
];

function addressChange(text: string): KernelChange {
  const address = ip(text);
  const family = ipFamily(address);
  return {
    what: 'address',
    removed: false,
    address: {
      family,
      interfaceIndex: LINK,
      address,
      prefixLength: family === 4 ? 24 : 64,
      scope: 0,
      secondary: false,
      tentative: false,
      deprecated: false,
      duplicate: false,
    },
  };
}

function routeChange(text: string, protocol: number): KernelChange {
  const to = prefix(text);
  const isIpv4 = prefixFamily(to) === 4;
  return {
    what: 'route',
    removed: false,
    route: {
      family: isIpv4 ? 4 : 6,
      table: WARM_PLAN.kernel.table,
      prefix: to,
      metric: isIpv4 ? 0 : 256,
      type: 'unicast',
      protocol,
      scope: isIpv4 ? RouteScope.LINK : RouteScope.UNIVERSE,
      nextHops: [{ interfaceIndex: LINK, weight: 1, onlink: false }],
      flags: 0,
    },
  };
}
