/**
 * The proof: all pods ping each other in both families while tcpdump counts IP protocol 4 at the
 * ToR; cross-rack IPv4 echoes must appear there exactly once each way, others never.
 */
import type { Fabric } from './fabric.ts';
import { type PingResult, ping } from './observe.ts';
import { type FabricNode, NODES, pingPairs } from './topology.ts';
import { TunnelCapture, type TunnelPacket } from './tunnel-capture.ts';

export interface Proof {
  readonly pings: readonly PingResult[];
  readonly tunnelled: readonly TunnelPacket[];
  /** What is not as it should be; empty when everything is. */
  readonly failures: readonly string[];
}

export async function prove(fabric: Fabric, pingCount: number): Promise<Proof> {
  const { network, dir } = fabric;
  const capture = await TunnelCapture.start(network, dir, fabric.record);
  const pings = await Promise.all(
    pingPairs().flatMap(({ from, to }) => {
      const label = { from: podName(from), to: podName(to) };
      const one = (address: string): Promise<PingResult> =>
        ping(network.pod(from), { label, address, count: pingCount });
      return [one(to.podV4), one(to.podV6)];
    }),
  );
  const tunnelled = await capture.stop();
  const failures = [...lostPings(pings), ...countFailures(tunnelled, pingCount)];
  return { pings, tunnelled, failures };
}

function lostPings(pings: readonly PingResult[]): string[] {
  return pings
    .filter(({ sent, received }) => sent !== received || sent === 0)
    .map((p) => `${p.from} → ${p.to} (${p.address}): ${p.received} of ${p.sent} pings came back`);
}

/**
 * Exactly the cross-rack pings, none within a rack. Each ping makes two tunnelled packets (request
 * and reply) and each of them passes two ports, so a port sees 2 × pings × ordered pairs it is in.
 */
export function countFailures(packets: readonly TunnelPacket[], pingCount: number): string[] {
  const failures: string[] = [];
  for (const node of NODES) {
    const here = packets.filter((one) => one.port === node.name);
    for (const other of NODES) {
      if (other === node) continue;
      for (const [from, to] of [
        [node, other],
        [other, node],
      ] as const) {
        const got = here.filter((one) => one.from === from.ipv4 && one.to === to.ipv4).length;
        const want = tunnelPacketsWanted(from, to, pingCount);
        if (got === want) continue;
        const where = `at ${node.name}'s port of the ToR`;
        failures.push(
          `the capture ${where} counted ${got} protocol 4 packets ${from.name} → ${to.name}, not ${want}`,
        );
      }
    }
    const known = NODES.map((one) => one.ipv4);
    const strange = here.filter((one) => !known.includes(one.from) || !known.includes(one.to));
    for (const one of strange) {
      failures.push(
        `the capture saw protocol 4 from ${one.from} to ${one.to}, which are no two nodes`,
      );
    }
  }
  return failures;
}

/** From one node to another: the requests of its own pings and the replies to the other's. */
function tunnelPacketsWanted(from: FabricNode, to: FabricNode, pingCount: number): number {
  return from.rack === to.rack ? 0 : 2 * pingCount;
}

function podName(node: FabricNode): string {
  return `pod on ${node.name}`;
}
