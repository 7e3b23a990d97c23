/**
 * Evidence of a bug as a recording that can be replayed: a speaker with this one neighbor, which calls, says its OPEN,
 * and then the last that it said. What the bug needs beyond that (other peers, the kernel, older routes) is not in it.
 */

import type { Millis } from '../base/units.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Evidence } from '../speaker/effects.ts';
import type { SpeakerInput } from '../speaker/inputs.ts';
import { HEADER_LENGTH } from '../wire/header.ts';
import { MessageType } from '../wire/iana.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import { RECORDING_VERSION, type RecordingHeader } from './lines.ts';
import { encodeValue, Placeholders } from './values.ts';

/** The one connection; accepted ones have even numbers. */
const CONNECTION = 2;
/** Any port that is not BGP's: the core does not look at it. */
const CALLER_PORT = 40_000;

export type EvidenceFacts = Pick<RecordingHeader, 'software' | 'node' | 'run' | 'begun'>;

/** @returns the lines of the file, without line breaks. */
export function evidenceLines(evidence: Evidence, facts: EvidenceFacts): string[] {
  const { peer, reason, stack, plan, chunks } = evidence;
  const at = chunks[0]?.at ?? 0;
  const placeholders = new Placeholders();
  const header: RecordingHeader = {
    godwit: 'recording',
    version: RECORDING_VERSION,
    ...facts,
    part: 0,
    begins: 'evidence',
    options: { seed: 1, kernelEnabled: false, restarting: false, now: at },
    evidence: { peer, reason, ...(stack === undefined ? {} : { stack }) },
  };
  const line = (when: Millis, input: SpeakerInput): string =>
    encodeValue({ at: when, input }, placeholders);
  const octets = (when: Millis, part: Uint8Array): string =>
    line(when, { type: 'octetsReceived', connection: CONNECTION, octets: part });
  const first = chunks[0]?.octets ?? new Uint8Array(0);
  const start = messageStart(first);
  const beginsWithOpen = first[start + TYPE_AT] === MessageType.Open;
  const opening = beginsWithOpen || evidence.open === undefined ? [] : [evidence.open, KEEPALIVE];
  return [
    encodeValue(header),
    line(at, { type: 'planChanged', plan: passive(plan), revision: 1 }),
    line(at, call(plan, evidence.localAddress)),
    ...opening.map((message) => octets(at, message)),
    ...chunks.map(({ at: when, octets: all }, i) =>
      octets(when, i === 0 ? all.subarray(start) : all),
    ),
  ];
}

/** The neighbor calls; a call of ours that nobody answers would only be in its way. */
function passive(plan: SpeakerPlan): SpeakerPlan {
  return { ...plan, peers: plan.peers.map((peer) => ({ ...peer, passive: true })) };
}

function call(
  { peers, listen, addresses }: SpeakerPlan,
  ours: IpAddress | undefined,
): SpeakerInput {
  const [peer] = peers;
  const address = ours ?? addresses.ipv4 ?? addresses.ipv6!;
  return {
    type: 'tcpAccepted',
    connection: CONNECTION,
    remote: { address: peer!.remoteAddress, port: CALLER_PORT },
    local: { address, port: listen.port },
  };
}

const TYPE_AT = 18;
const MARKER_OCTETS = 16;

/** Where the first whole message begins: what is older than the oldest chunk is gone, perhaps amid a message. */
function messageStart(octets: Uint8Array): number {
  for (let at = 0; at + HEADER_LENGTH <= octets.length; at++) {
    let ones = 0;
    while (ones < MARKER_OCTETS && octets[at + ones] === 0xff) ones++;
    const length = (octets[at + MARKER_OCTETS]! << 8) | octets[at + MARKER_OCTETS + 1]!;
    const type = octets[at + TYPE_AT]!;
    const isHeader = length >= HEADER_LENGTH && type >= 1 && type <= MessageType.RouteRefresh;
    if (ones === MARKER_OCTETS && isHeader) return at;
  }
  // No header in it: it is replayed as it came.
  return 0;
}
