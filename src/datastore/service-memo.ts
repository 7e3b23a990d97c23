/**
 * What judging the Services of one snapshot teaches the next: of thousands one has changed.
 *
 * A judgement is used while the Service, each of its slices and the settings are what they were. Invariant
 * (property-tested with `plan-memo.ts`): the result is the same without it.
 */

import { compareText, sameData } from './plan-data.ts';
import type { OriginatedPrefix } from './plan-types.ts';
import type { EndpointSliceResource, Resources, ServiceResource } from './resources.ts';
import { announcedFor, type ServiceSettings } from './service-rules.ts';

interface Judgement {
  readonly service: ServiceResource;
  readonly slices: readonly EndpointSliceResource[];
  readonly prefixes: readonly OriginatedPrefix[];
}

const NO_SLICES: readonly EndpointSliceResource[] = [];

export class ServiceMemo {
  #settings: ServiceSettings | undefined;
  #services: Resources['services'] | undefined;
  #endpointSlices: Resources['endpointSlices'] | undefined;
  /** By `namespace/name` of the Service, each list in order of the names. */
  #slices: ReadonlyMap<string, readonly EndpointSliceResource[]> = new Map();
  #judgements = new Map<string, Judgement>();
  #announced: readonly OriginatedPrefix[] = [];

  /** In order of the Services' names. */
  announced(resources: Resources, settings: ServiceSettings): readonly OriginatedPrefix[] {
    const { services, endpointSlices } = resources;
    const sameSettings = sameData(this.#settings, settings);
    const sameSlices = this.#endpointSlices === endpointSlices;
    if (sameSettings && sameSlices && this.#services === services) return this.#announced;
    if (!sameSettings) this.#judgements.clear();
    if (!sameSlices) this.#slices = byService(endpointSlices);
    this.#settings = settings;
    this.#services = services;
    this.#endpointSlices = endpointSlices;
    const judgements = new Map<string, Judgement>();
    const announced: OriginatedPrefix[] = [];
    for (const key of [...services.keys()].sort(compareText)) {
      const judgement = this.#judge(key, services.get(key)!, settings);
      judgements.set(key, judgement);
      for (const item of judgement.prefixes) announced.push(item);
    }
    this.#judgements = judgements;
    this.#announced = announced;
    return announced;
  }

  #judge(key: string, service: ServiceResource, settings: ServiceSettings): Judgement {
    const slices = this.#slices.get(key) ?? NO_SLICES;
    const before = this.#judgements.get(key);
    if (before?.service === service && sameItems(before.slices, slices)) return before;
    const prefixes = announcedFor(service, slices, settings);
    // What is announced is mostly the same although an endpoint has come or gone: then it is the same object.
    const same = before !== undefined && sameData(before.prefixes, prefixes);
    return { service, slices, prefixes: same ? before.prefixes : prefixes };
  }
}

function byService(
  slices: Resources['endpointSlices'],
): ReadonlyMap<string, readonly EndpointSliceResource[]> {
  const lists = new Map<string, EndpointSliceResource[]>();
  for (const slice of slices.values()) {
    if (slice.service === undefined) continue;
    const key = `${slice.namespace}/${slice.service}`;
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [slice]);
    else list.push(slice);
  }
  for (const list of lists.values()) {
    if (list.length > 1) list.sort((a, b) => compareText(a.name, b.name));
  }
  return lists;
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
