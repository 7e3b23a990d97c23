/**
 * The methods of `godwit.v1.Godwit` as plain functions over the daemon port: no sockets, no gRPC types.
 *
 * Lists are generators that fetch a bounded page at a time, so that a client that reads a million routes never makes
 * the daemon build a million objects at once.
 */

import { InvalidRequest } from '../../base/errors.ts';
import { parseIpAddress } from '../../net/ip-address.ts';
import { parsePrefix } from '../../net/prefix.ts';
import type { RouteQuery } from '../../speaker/snapshot.ts';
import {
  type EventMessage,
  type KernelProofMessage,
  type KernelRouteMessage,
  kernelProofMessage,
  kernelRouteMessage,
  type NeighborMessage,
  neighborMessage,
  type ProblemMessage,
  problemMessage,
  type RecordingFacts,
  type RouteMessage,
  routeMessage,
  type StatusMessage,
  statusMessage,
} from '../messages.ts';
import type { PlanMessage } from '../plan-message.ts';
import type { DaemonPort, PlanRequest } from '../ports.ts';
import {
  familiesFrom,
  familyOf,
  type KernelRoutesRequest,
  type Page,
  pages,
  type RoutesRequest,
  readPage,
} from './paging.ts';

/** Seconds that neighbors are given to find other ways: an eBGP router may hold an UPDATE back for 30 s. */
const DRAIN_LIMIT_USUAL = 60;
/** A day: longer is a mistyped number. */
const DRAIN_LIMIT_MAX = 86_400;

/** Neighbors that are looked at before others have their turn: half a millisecond. */
const NEIGHBORS_PER_TURN = 32;

export class GodwitService {
  readonly #daemon: DaemonPort;

  constructor(daemon: DaemonPort) {
    this.#daemon = daemon;
  }

  getStatus(): StatusMessage {
    return statusMessage(this.#daemon.view.status(), this.#daemon.facts());
  }

  /** Yields undefined where others may have their turn; not before it has thrown, where one is wanted and not there. */
  *listNeighbors(request: {
    name?: string;
    family?: string;
  }): Generator<NeighborMessage | undefined> {
    const families = familiesFrom(request.family);
    const wanted = request.name ?? '';
    const address = parseIpAddress(wanted);
    let found = wanted === '';
    let looked = 0;
    for (const view of this.#daemon.view.eachNeighbor()) {
      if (wanted === '' && ++looked % NEIGHBORS_PER_TURN === 0) yield undefined;
      if (wanted !== '' && view.name !== wanted && view.address !== address) continue;
      found = true;
      if (!view.families.some(({ family }) => families.includes(family))) continue;
      const settings = wanted === '' ? [] : this.#daemon.view.settings(view.name);
      yield neighborMessage(view, settings);
    }
    if (!found)
      throw new InvalidRequest(`No neighbor "${wanted}"; godwit show neighbors lists them`);
  }

  /** Yields undefined between pages: the place to let others have their turn. */
  *listRoutes(request: RoutesRequest): Generator<RouteMessage | undefined> {
    yield* pages(request.limit, (part) => this.pageOfRoutes({ ...request, ...part }));
  }

  /** At most `limit` routes, and where the next page begins; a page that found few may still have a next one. */
  pageOfRoutes(request: RoutesRequest): Page<RouteMessage> {
    const query = this.#routeQuery(request);
    // A prefix says its own family.
    const family = query.prefix === undefined ? request.family : familyOf(query.prefix);
    const where = { ...request, ...(family === undefined ? {} : { family }) };
    return readPage(where, (family, place) => {
      const { routes, next } = this.#daemon.view.routes({ ...query, family, ...place });
      return { rows: routes.map((route) => routeMessage(family, route)), next };
    });
  }

  *listKernelRoutes(request: KernelRoutesRequest): Generator<KernelRouteMessage | undefined> {
    yield* pages(request.limit, (part) => this.pageOfKernelRoutes({ ...request, ...part }));
  }

  pageOfKernelRoutes(request: KernelRoutesRequest): Page<KernelRouteMessage> {
    const differing = request.differing === true;
    return readPage(request, (family, place) => {
      const { routes, next } = this.#daemon.view.kernel({ family, differing, ...place });
      return { rows: routes.map(kernelRouteMessage), next };
    });
  }

  /** Reads the kernel and compares; answers when that is done. */
  proveKernel(answer: (error: string) => void): void {
    this.#daemon.execute({ command: 'proveKernel' }, answer);
  }

  getKernelProof(): KernelProofMessage {
    return kernelProofMessage(this.#daemon.view.kernelProof());
  }

  *listProblems(): Generator<ProblemMessage> {
    for (const problem of this.#daemon.problems()) yield problemMessage(problem);
  }

  /** Sends past and future events to `send`; the returned function ends it. */
  watchEvents(
    request: { backlog?: number; kinds?: readonly string[]; once?: boolean },
    send: (event: EventMessage) => void,
  ): () => void {
    const kinds = new Set(request.kinds ?? []);
    const matches = (event: EventMessage): boolean => kinds.size === 0 || kinds.has(event.event);
    for (const event of this.#daemon.events.recent(request.backlog ?? 0))
      if (matches(event)) send(event);
    if (request.once === true) return () => undefined;
    return this.#daemon.events.subscribe((event) => {
      if (matches(event)) send(event);
    });
  }

  resetNeighbor(request: { name?: string; soft?: boolean }, answer: (error: string) => void): void {
    const name = this.#neighborName(request.name);
    this.#daemon.execute({ command: 'resetNeighbor', name, soft: request.soft === true }, answer);
  }

  setNeighborEnabled(
    request: { name?: string; enabled?: boolean; reason?: string },
    answer: (error: string) => void,
  ): void {
    const name = this.#neighborName(request.name);
    const reason = request.reason ?? '';
    this.#daemon.execute(
      request.enabled === true
        ? { command: 'enableNeighbor', name }
        : { command: 'disableNeighbor', name, ...(reason === '' ? {} : { reason }) },
      answer,
    );
  }

  releaseHeldChange(): string {
    return this.#daemon.releaseHeldChange();
  }

  /** What a change of the resources would do, before anything happens. */
  plan(request: Partial<PlanRequest>, answer: (reply: PlanMessage) => void): void {
    const { files = [], replace = false, remove = [] } = request;
    if (files.length === 0 && remove.length === 0) {
      throw new InvalidRequest('Nothing is proposed: send files, or names of resources to remove');
    }
    this.#daemon.plan({ files, replace, remove }, answer);
  }

  /** Ends a quarantine before its time. */
  clearQuarantine(request: { name?: string }, answer: (error: string) => void): void {
    const name = this.#neighborName(request.name);
    this.#daemon.execute({ command: 'clearQuarantine', name }, answer);
  }

  startRecording(): string {
    return this.#daemon.startRecording();
  }

  stopRecording(answer: (error: string) => void): void {
    this.#daemon.stopRecording(answer);
  }

  getRecording(): RecordingFacts {
    return this.#daemon.recording();
  }

  drain(
    request: { limitSeconds?: number; message?: string },
    answer: (error: string) => void,
  ): void {
    const { limitSeconds = 0, message = '' } = request;
    if (limitSeconds > DRAIN_LIMIT_MAX) {
      throw new InvalidRequest(`A limit of ${limitSeconds} s is more than ${DRAIN_LIMIT_MAX} s`);
    }
    const limit = limitSeconds === 0 ? DRAIN_LIMIT_USUAL : limitSeconds;
    const command = { command: 'drain', limit, ...(message === '' ? {} : { message }) } as const;
    this.#daemon.execute(command, answer);
  }

  undrain(answer: (error: string) => void): void {
    this.#daemon.execute({ command: 'undrain' }, answer);
  }

  shutdown(request: { leave?: boolean; message?: string }, answer: (error: string) => void): void {
    const message = request.message ?? '';
    this.#daemon.execute(
      {
        command: 'shutdown',
        mode: request.leave === true ? 'leave' : 'restart',
        ...(message === '' ? {} : { message }),
      },
      answer,
    );
  }

  /** A neighbor by name or address. */
  #neighborName(text: string | undefined): string {
    const wanted = text ?? '';
    const address = parseIpAddress(wanted);
    const names: string[] = [];
    for (const view of this.#daemon.view.eachNeighbor()) {
      if (view.name === wanted || view.address === address) return view.name;
      if (names.length < 8) names.push(view.name);
    }
    const known = names.length === 0 ? 'there are none' : `known: ${names.join(', ')}`;
    throw new InvalidRequest(`No neighbor "${wanted}"; ${known}`);
  }

  #routeQuery(request: RoutesRequest): Pick<RouteQuery, 'prefix' | 'neighbor' | 'direction'> {
    const { prefix = '', neighbor = '', direction = '' } = request;
    if (prefix !== '' && parsePrefix(prefix) === undefined) {
      throw new InvalidRequest(`"${prefix}" is not a prefix; write for example 10.244.0.0/26`);
    }
    if (direction !== '' && direction !== 'in' && direction !== 'out') {
      throw new InvalidRequest(`Direction "${direction}" is not one of in, out`);
    }
    return {
      ...(prefix === '' ? {} : { prefix: parsePrefix(prefix) as string }),
      ...(neighbor === '' ? {} : { neighbor: this.#neighborName(neighbor) }),
      ...(direction === '' ? {} : { direction }),
    };
  }
}
