/**
 * What happens in each scenario: random disturbances drawn from a list of acts, or a script. The cluster is drawn
 * from the seed, too: families, racks, latencies, slices, how long a step takes, how TCP cuts its octets.
 */

import { RIB_SIZES, SMALL_SIZES } from '../rib/rib-sizes.ts';
import { CHAOS, EDITS, KERNEL_TROUBLE, PARTITIONS, RESTARTS } from './act-lists.ts';
import type { Act } from './acts.ts';
import { noForwardingLoop } from './checkers.ts';
import type { Course, Making } from './course.ts';
import { type Lab, meshLab } from './lab.ts';
import { reflectorLab } from './reflectors.ts';
import { drain, lost, outage, refresh, twice } from './restart-scripts.ts';
import { deaf, half, move, reflectors, rolling, split, storm } from './scripts.ts';

/** Disturbances of one run. */
const EVENTS = 8;
/** Between two of them, in milliseconds: from within a handshake to past a hold time. */
const GAPS_MS = [0, 1, 5, 40, 500, 4000, 30_000, 100_000];
/** Virtual CPU time of a step: inputs that come meanwhile wait, and find another state than they would have. */
const STEPS_MS = [0, 0, 0.3, 4];
/** What the kernels hold of a connection before its writer is to wait. */
const BUFFERS_OCTETS = [262_144, 262_144, 4096, 256];
/** From so many nodes on, a cluster is about size: IPv4, one subnet a rack of 250, no cuts inside a segment. */
export const LARGE_NODES = 50;

function anyMesh({ seed, nodes, prng, story }: Making): Lab {
  if (nodes >= LARGE_NODES) return largeMesh({ seed, nodes, prng, story });
  const ipv6 = prng.below(2) === 1;
  const perRack = 1 + prng.below(nodes);
  const latencyMs = { min: 0.1, max: 1 + prng.below(40) };
  const stepMs = STEPS_MS[prng.below(STEPS_MS.length)]!;
  const bufferOctets = BUFFERS_OCTETS[prng.below(BUFFERS_OCTETS.length)]!;
  const ribSizes = prng.below(2) === 1 ? SMALL_SIZES : RIB_SIZES;
  const families = ipv6 ? 'both families' : 'IPv4';
  const slices = ribSizes === SMALL_SIZES ? ', small slices' : '';
  story.push(`${nodes} nodes, ${perRack} a rack, ${families}, ${stepMs} ms a step${slices}`);
  const node = { stepMs, tapped: true, ribSizes };
  return meshLab({ seed, nodes, ipv6, perRack, latencyMs, bufferOctets, node });
}

/** Of a subnet of its own, so that the deaf peer is a neighbor of all; the kernels hold little. */
function smallBuffers({ seed, nodes, story }: Making): Lab {
  story.push(`${nodes} nodes, 2 KiB a socket, small slices`);
  const node = { tapped: true, ribSizes: SMALL_SIZES };
  return meshLab({ seed, nodes, bufferOctets: 2048, node });
}

/** Every node asks every other to keep its routes for an hour (RFC 9494). */
function patientMesh({ seed, nodes, story }: Making): Lab {
  story.push(`${nodes} nodes, long-lived graceful restart`);
  const lab = meshLab({ seed, nodes, perRack: 2, started: false, node: { tapped: true } });
  lab.apply(lab.documents, { settings: { longLivedStaleTime: 3600 } });
  for (const node of lab.nodes.values()) node.start();
  return lab;
}

function largeMesh({ seed, nodes, story }: Making): Lab {
  story.push(`${nodes} nodes, IPv4, all started at once`);
  const node = { eventsKept: 100 };
  const latencyMs = { min: 0, max: 4 };
  return meshLab({ seed, nodes, chunking: 'whole', latencyMs, tickMs: 1, node });
}

function randomly(acts: readonly Act[]): Course {
  return {
    make: anyMesh,
    happen: (run) => {
      const { lab, prng } = run;
      for (let i = 0; i < EVENTS; i++) {
        lab.run(GAPS_MS[prng.below(GAPS_MS.length)]! * (0.5 + prng.unit()));
        const what = acts[prng.below(acts.length)]!(run);
        run.tell(what);
        // A kernel that refuses to be told of a new owner goes on sending to the old one.
        const refuses = [...lab.nodes.values()].some(({ kernel }) => kernel.fault !== undefined);
        if (!refuses) run.demand(what, noForwardingLoop(lab));
      }
    },
  };
}

export const COURSES = {
  mesh: { make: anyMesh },
  mix: randomly([...KERNEL_TROUBLE, ...RESTARTS, ...PARTITIONS, ...EDITS, ...CHAOS]),
  flap: randomly(KERNEL_TROUBLE),
  restart: randomly(RESTARTS),
  partition: randomly(PARTITIONS),
  edit: randomly(EDITS),
  clock: randomly(CHAOS),
  reflectors: { make: reflectorLab, happen: reflectors },
  rolling: { make: anyMesh, happen: rolling },
  half: { make: anyMesh, happen: half },
  split: { make: anyMesh, happen: split },
  move: { make: anyMesh, happen: move },
  storm: { make: anyMesh, happen: storm },
  deaf: { make: smallBuffers, happen: deaf },
  twice: { make: anyMesh, happen: twice },
  lost: { make: anyMesh, happen: lost },
  outage: { make: patientMesh, happen: outage },
  refresh: { make: anyMesh, happen: refresh },
  drain: { make: anyMesh, happen: drain },
} as const satisfies Record<string, Course>;
