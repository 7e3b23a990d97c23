/**
 * The API's messages as plain objects with stable field names: what gRPC sends, what the CLI prints with `--json`
 * and what the HTTP API answers. Made from `speaker/snapshot.ts`; mirrors `proto/godwit/v1/godwit.proto`.
 *
 * Seconds instead of the core's milliseconds; absent values are left out.
 */

import { type ConfigError, formatConfigError } from '../base/errors.ts';
import { AFI_SAFIS } from '../net/afi-safi.ts';
import type {
  DrainView,
  KernelProofView,
  KernelRouteView,
  NeighborFamilyView,
  NeighborView,
  RouteView,
  SettingView,
  StatusView,
} from '../speaker/snapshot.ts';

/** What the daemon knows and the core does not. */
export interface DaemonFacts {
  readonly version: string;
  readonly problems: number;
  /** Why a change is held back; absent when none is. */
  readonly heldChange?: string;
  /** All inputs are being written to a file. */
  readonly recording?: boolean;
  /** As `io/network-namespace.ts` has it. */
  readonly networkNamespace?: string;
  /** Of godwit.yaml: file, etcd, kubernetes. */
  readonly datastoreType?: string;
}

/** The recording that runs, or the last one. */
export interface RecordingFacts {
  readonly active: boolean;
  /** Where recordings are written to. */
  readonly file: string;
  /** Whether it began with the daemon, so that it can be replayed. */
  readonly replayable: boolean;
  readonly octets: number;
  /** Steps and polls. */
  readonly lines: number;
  /** Those that could not be written in time. */
  readonly lost: number;
  /** Why the last one ended; empty while one runs, and before the first. */
  readonly ended: string;
}

export type StatusMessage = ReturnType<typeof statusMessage>;
export type NeighborMessage = ReturnType<typeof neighborMessage>;
export type RouteMessage = ReturnType<typeof routeMessage>;
export type KernelRouteMessage = ReturnType<typeof kernelRouteMessage>;
export type KernelProofMessage = ReturnType<typeof kernelProofMessage>;
export type ProblemMessage = ReturnType<typeof problemMessage>;

export interface EventMessage {
  readonly sequence: number;
  readonly time: string;
  readonly event: string;
  readonly fieldsJson: string;
  readonly text: string;
}

export function statusMessage(view: StatusView, facts: DaemonFacts) {
  const { datastore, neighbors, uptimeMs, routes, unknownCallers, ...more } = view;
  const { planAgeMs: _age, recovery: _recovery, stopping: _stopping, drain, ...rest } = more;
  return {
    ...rest,
    version: facts.version,
    uptimeSeconds: toSeconds(uptimeMs),
    datastore: {
      state: datastore.state,
      type: facts.datastoreType ?? '',
      reason: datastore.reason ?? '',
      sinceSeconds: toSeconds(datastore.sinceMs ?? 0),
    },
    neighborsConfigured: neighbors.configured,
    neighborsEstablished: neighbors.established,
    families: AFI_SAFIS.map((family) => ({ family, ...routes[family] })),
    unknownCallers: unknownCallers.map(({ address, count, lastMs, reason }) => ({
      address,
      count,
      lastSeconds: toSeconds(lastMs),
      reason: reason ?? '',
    })),
    problems: facts.problems,
    heldChange: facts.heldChange ?? '',
    recording: facts.recording ?? false,
    networkNamespace: facts.networkNamespace ?? '',
    ...(drain === undefined ? {} : { drain: drainMessage(drain) }),
  };
}

function drainMessage({ sinceMs, leftMs, ...rest }: DrainView) {
  return { ...rest, sinceSeconds: toSeconds(sinceMs), leftSeconds: toSeconds(leftMs) };
}

/** @param settings  Values in force; only where one neighbor is asked for. */
export function neighborMessage(view: NeighborView, settings: readonly SettingView[] = []) {
  const { families, sinceMs, messages, octets, quarantine, detail: _detail, ...rest } = view;
  return {
    ...rest,
    ...(quarantine === undefined ? {} : { quarantine: quarantineMessage(quarantine) }),
    families: families.map(familyMessage),
    sinceSeconds: toSeconds(sinceMs),
    received: messages.received,
    sent: messages.sent,
    octetsReceived: octets.received,
    octetsSent: octets.sent,
    settings,
  };
}

function familyMessage({ staleLeftMs, ...rest }: NeighborFamilyView) {
  return { ...rest, staleLeftSeconds: toSeconds(staleLeftMs ?? 0) };
}

function quarantineMessage({ reason, times, leftMs }: NonNullable<NeighborView['quarantine']>) {
  return { reason, times, leftSeconds: toSeconds(leftMs) };
}

export function routeMessage(family: string, view: RouteView) {
  return { family, ...view };
}

export function kernelRouteMessage(view: KernelRouteView) {
  return { family: view.prefix.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast', ...view };
}

export function kernelProofMessage(view: KernelProofView) {
  const { ageMs, found, divergent, totals, divergences, ...rest } = view;
  return {
    ...rest,
    ageSeconds: ageMs === undefined ? -1 : toSeconds(ageMs),
    divergences: divergences.map(({ kind, prefix, expected, found: seen }) => {
      return { kind, prefix, expected, found: seen };
    }),
    totals: { ...totals },
    foundTotals: { ...found },
    divergent: { ...divergent },
  };
}

export function problemMessage(problem: ConfigError) {
  const { kind: _kind, ...rest } = problem;
  return { ...rest, text: formatConfigError(problem) };
}

function toSeconds(ms: number): number {
  return Math.round(ms) / 1000;
}
