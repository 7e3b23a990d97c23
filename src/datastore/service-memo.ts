/**
 * What judging the Services of one snapshot teaches the next: of thousands one has changed, and that one is judged.
 *
 * A judgement is used while the Service, each of its slices and the settings are what they were. Invariant
 * (property-tested with `plan-memo.ts`): the result is the same without it.
 */

import { compareText, sameData } from './plan-data.ts';
import type { OriginatedPrefix } from './plan-types.ts';
import type { EndpointSliceResource, Resources, ServiceResource } from './resources.ts';
import { announcedFor, type ServiceSettings } from './service-rules.ts';

const NO_SLICES: readonly EndpointSliceResource[] = [];
const NO_PREFIXES: readonly OriginatedPrefix[] = [];

export class ServiceMemo {
  #settings: ServiceSettings | undefined;
  #services: Resources['services'] = new Map();
  #endpointSlices: Resources['endpointSlices'] = new Map();
  /** By `namespace/name` of the Service, each list in order of the names. */
  readonly #slices = new Map<string, readonly EndpointSliceResource[]>();
  /** Of each Service, in order of the names. */
  #names: readonly string[] = [];
  readonly #prefixes = new Map<string, readonly OriginatedPrefix[]>();
  #announced: readonly OriginatedPrefix[] = NO_PREFIXES;

  /** In order of the Services' names; the same list while none of them announces anything else. */
  announced(resources: Resources, settings: ServiceSettings): readonly OriginatedPrefix[] {
    const { services, endpointSlices } = resources;
    const sameSettings = sameData(this.#settings, settings);
    const changed = new Set<string>();
    this.#followSlices(endpointSlices, changed);
    for (const [name] of differences(this.#services, services)) changed.add(name);
    this.#services = services;
    this.#settings = settings;
    let same = true;
    for (const key of sameSettings ? changed : [...services.keys(), ...changed]) {
      same = this.#judge(key, services.get(key), settings) && same;
    }
    if (same) return this.#announced;
    if (!isNamed(this.#names, services)) this.#names = [...services.keys()].sort(compareText);
    this.#announced = this.#names.flatMap((name) => this.#prefixes.get(name) ?? NO_PREFIXES);
    return this.#announced;
  }

  /** @returns whether what it announces is the same as before. */
  #judge(key: string, service: ServiceResource | undefined, settings: ServiceSettings): boolean {
    const before = this.#prefixes.get(key) ?? NO_PREFIXES;
    const slices = this.#slices.get(key) ?? NO_SLICES;
    const prefixes = service === undefined ? NO_PREFIXES : announcedFor(service, slices, settings);
    // What is announced is mostly the same although an endpoint has come or gone: then it is the same object.
    if (sameData(before, prefixes)) return true;
    if (prefixes.length === 0) this.#prefixes.delete(key);
    else this.#prefixes.set(key, prefixes);
    return false;
  }

  /** @param changed  Takes the Services of which slices have come, gone or changed. */
  #followSlices(next: Resources['endpointSlices'], changed: Set<string>): void {
    for (const [, before, after] of differences(this.#endpointSlices, next)) {
      if (before?.service !== undefined) {
        const key = serviceOf(before);
        changed.add(key);
        const rest = this.#slices.get(key)!.filter((slice) => slice !== before);
        if (rest.length === 0) this.#slices.delete(key);
        else this.#slices.set(key, rest);
      }
      if (after?.service !== undefined) {
        const key = serviceOf(after);
        changed.add(key);
        const list = [...(this.#slices.get(key) ?? NO_SLICES), after];
        this.#slices.set(
          key,
          list.sort((a, b) => compareText(a.name, b.name)),
        );
      }
    }
    this.#endpointSlices = next;
  }
}

function serviceOf({ namespace, service }: EndpointSliceResource): string {
  return `${namespace}/${service}`;
}

function isNamed(names: readonly string[], services: Resources['services']): boolean {
  return names.length === services.size && names.every((name) => services.has(name));
}

/** What is not the same object in both. */
function* differences<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): Generator<readonly [string, T | undefined, T | undefined]> {
  if (before === after) return;
  for (const [name, value] of before) {
    const now = after.get(name);
    if (now !== value) yield [name, value, now];
  }
  for (const [name, value] of after) if (!before.has(name)) yield [name, undefined, value];
}
