/**
 * The proof: all pods ping each other in both families while tcpdump counts IP protocol 4; echoes that are to be
 * tunnelled must appear there exactly once each way, others never. Then whoever is to die dies (`outage.ts`).
 */
import type { Fabric } from './fabric.ts';
import type { Expectations, ExpectedTunnels } from './lab-expect.ts';
import { type PingResult, ping } from './observe.ts';
import { TunnelCapture, type TunnelPacket } from './tunnel-capture.ts';

export interface Proof {
  readonly pings: readonly PingResult[];
  /** Undefined where nothing is said of tunnels. */
  readonly tunnelled: readonly TunnelPacket[] | undefined;
  /** What is not as it should be; empty when everything is. */
  readonly failures: readonly string[];
}

export async function prove(fabric: Fabric, pingCount: number): Promise<Proof> {
  const { network, expected } = fabric;
  const { tunnelled: tunnels } = expected;
  const capture =
    tunnels && (await TunnelCapture.start(network.of(tunnels.at), tunnels.ports, fabric));
  const pings = await Promise.all(
    pingPairs(expected.pods).flatMap(({ from, to, addresses }) =>
      addresses.map((address) =>
        ping(network.of(from), { label: { from, to }, address, count: pingCount }),
      ),
    ),
  );
  const tunnelled = await capture?.stop();
  const counted = tunnels && tunnelled ? countFailures(tunnelled, tunnels, pingCount) : [];
  return { pings, tunnelled, failures: [...lostPings(pings), ...counted] };
}

/** Ordered pairs of pods: all, both ways, with the addresses of the second. */
export function pingPairs(
  pods: Expectations['pods'],
): { readonly from: string; readonly to: string; readonly addresses: readonly string[] }[] {
  return [...pods.keys()].flatMap((from) =>
    [...pods].filter(([to]) => to !== from).map(([to, addresses]) => ({ from, to, addresses })),
  );
}

function lostPings(pings: readonly PingResult[]): string[] {
  return pings
    .filter(({ sent, received }) => sent !== received || sent === 0)
    .map((p) => `${p.from} → ${p.to} (${p.address}): ${p.received} of ${p.sent} pings came back`);
}

/**
 * Exactly the pings of the pairs, none besides. Each ping makes two tunnelled packets (request
 * and reply) and each of them passes two ports, so a port sees 2 × pings × ordered pairs it is in.
 */
export function countFailures(
  packets: readonly TunnelPacket[],
  { at, ports, pairs }: ExpectedTunnels,
  pingCount: number,
): string[] {
  const failures: string[] = [];
  const names = new Map([...ports].map(([name, { address }]) => [address, name]));
  const isPair = (one: string, other: string): boolean =>
    pairs.some((pair) => pair.includes(one) && pair.includes(other));
  for (const port of ports.keys()) {
    const here = packets.filter((one) => one.port === port);
    for (const from of ports.keys()) {
      for (const to of ports.keys()) {
        if (from === to || (from !== port && to !== port)) continue;
        const got = here.filter((p) => names.get(p.from) === from && names.get(p.to) === to).length;
        const want = isPair(from, to) ? 2 * pingCount : 0;
        if (got === want) continue;
        failures.push(
          `the capture at ${port}'s port of ${at} counted ${got} protocol 4 packets ${from} → ${to}, not ${want}`,
        );
      }
    }
    for (const { from, to } of here) {
      if (names.has(from) && names.has(to)) continue;
      failures.push(`the capture saw protocol 4 from ${from} to ${to}, which are no two nodes`);
    }
  }
  return failures;
}
