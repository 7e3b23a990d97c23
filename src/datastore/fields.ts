/**
 * Reads one object of a document field by field, and remembers everything that is wrong with it, each with file,
 * line, column, path, value and what would be right. One pass finds all mistakes, not only the first.
 *
 * Invariant: after `finish`, every key of the object was either read or reported.
 */

import type { ConfigError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { formatPath, type Path, type RawDocument } from './documents.ts';
import { shownValue } from './shown-value.ts';

/** Where problems of one document are collected. */
export interface Findings {
  readonly document: RawDocument;
  readonly resource: string | undefined;
  /** `error`: the daemon's own file; `warning`: resources, whose schema others may have extended. */
  readonly unknownKeys: 'error' | 'warning';
  readonly problems: ConfigError[];
}

export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly value?: unknown;
  readonly severity?: 'error' | 'warning';
}

export class Fields {
  readonly findings: Findings;
  readonly path: Path;
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();

  constructor(findings: Findings, path: Path, value: Readonly<Record<string, unknown>>) {
    this.findings = findings;
    this.path = path;
    this.#value = value;
  }

  /** Whether the key was written with a value; null counts as not written, as in Kubernetes. */
  has(name: string): boolean {
    const value = this.#value[name];
    return value !== undefined && value !== null;
  }

  raw(name: string): unknown {
    this.#known.add(name);
    return this.has(name) ? this.#value[name] : undefined;
  }

  /** Reads `name` by `parse`, which gives undefined for what it cannot use. */
  parsed<T>(name: string, what: string, parse: (value: unknown) => T | undefined): T | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const result = parse(value);
    if (result === undefined) this.bad(name, what, value);
    return result;
  }

  string(name: string): string | undefined {
    return this.parsed(name, 'a text', (value) => (typeof value === 'string' ? value : undefined));
  }

  /** Like `string`, with the empty text meaning "not set", as Calico's Go types have it. */
  text(name: string): string | undefined {
    const value = this.string(name);
    return value === '' ? undefined : value;
  }

  boolean(name: string): boolean | undefined {
    return this.parsed(name, 'true or false', (value) =>
      typeof value === 'boolean' ? value : undefined,
    );
  }

  integer(name: string, range: { readonly min: number; readonly max: number }): number | undefined {
    const what = `a whole number from ${range.min} to ${range.max}`;
    return this.parsed(name, what, (value) =>
      typeof value === 'number' &&
      Number.isInteger(value) &&
      value >= range.min &&
      value <= range.max
        ? value
        : undefined,
    );
  }

  /** One of `values`, spelled exactly; the empty text means "not set". */
  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const value = this.raw(name);
    if (value === undefined || value === '') return undefined;
    const found = values.find((item) => item === value);
    if (found !== undefined) return found;
    const near = typeof value === 'string' ? nearest(value, values) : undefined;
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    this.report(name, {
      code: 'BadValue',
      message: 'Not one of the allowed values',
      remedy: `Write one of ${values.join(', ')}${hint}`,
      value,
    });
    return undefined;
  }

  object(name: string): Fields | undefined {
    const value = this.parsed(name, 'an object', asObject);
    return value === undefined ? undefined : new Fields(this.findings, [...this.path, name], value);
  }

  /** Each element of a list of objects; elements that are none are reported. */
  objects(name: string): Fields[] {
    return this.#list(name).flatMap((value, index) => {
      const object = asObject(value);
      const path = [...this.path, name, index];
      if (object !== undefined) return [new Fields(this.findings, path, object)];
      this.reportAt(path, { code: 'BadValue', message: 'Not an object', value });
      return [];
    });
  }

  /** A list read element by element. */
  list<T>(name: string, what: string, parse: (value: unknown) => T | undefined): T[] {
    return this.#list(name).flatMap((value, index) => {
      const result = parse(value);
      if (result !== undefined) return [result];
      this.reportAt([...this.path, name, index], {
        code: 'BadValue',
        message: `Not ${what}`,
        value,
      });
      return [];
    });
  }

  required<T>(name: string, value: T | undefined, remedy: string): T | undefined {
    if (value === undefined && !this.has(name)) {
      this.report(name, { code: 'Missing', message: 'Missing', remedy });
    }
    return value;
  }

  /** Keys that are legal and have no bearing on BGP: nothing is said about them. */
  ignore(...names: string[]): void {
    for (const name of names) this.#known.add(name);
  }

  /** The same for all that was not asked for: objects of others, whose fields are theirs. */
  ignoreRest(): void {
    this.ignore(...Object.keys(this.#value));
  }

  /** A legal field that godwit does not act on yet: said by name, never silence. */
  notYet(name: string, consequence: string): void {
    if (this.raw(name) === undefined) return;
    this.report(name, {
      code: 'NotYetHonoured',
      severity: 'warning',
      message: `Not yet honoured: ${consequence}`,
    });
  }

  bad(name: string, what: string, value: unknown): void {
    this.report(name, {
      code: 'BadValue',
      message: `Not ${what}`,
      remedy: `Write ${what}`,
      value,
    });
  }

  report(name: string, finding: Finding): void {
    this.reportAt([...this.path, name], finding);
  }

  reportAt(path: Path, finding: Finding): void {
    this.findings.problems.push(makeProblem(this.findings, path, finding));
  }

  /** Reports every key that nobody asked for, with the nearest one that exists. */
  finish(): void {
    for (const key of Object.keys(this.#value)) {
      if (this.#known.has(key)) continue;
      const near = nearest(key, this.#known);
      const strict = this.findings.unknownKeys === 'error';
      this.report(key, {
        code: 'UnknownKey',
        severity: this.findings.unknownKeys,
        message: strict ? 'Unknown key' : 'Unknown field: it has no effect',
        remedy:
          near === undefined
            ? `Known here: ${[...this.#known].sort().join(', ')}`
            : `Did you mean ${near}?`,
      });
    }
  }

  #list(name: string): readonly unknown[] {
    return this.parsed(name, 'a list', (value) => (Array.isArray(value) ? value : undefined)) ?? [];
  }
}

function makeProblem(findings: Findings, path: Path, finding: Finding): ConfigError {
  const { document, resource } = findings;
  const place = document.positionOf(path);
  const text = formatPath(path);
  const value = finding.value === undefined ? undefined : shownValue(path, finding.value);
  return {
    kind: 'ConfigError',
    severity: finding.severity ?? 'error',
    code: finding.code,
    file: document.file,
    ...(place === undefined ? {} : { line: place.line, column: place.column }),
    ...(resource === undefined ? {} : { resource }),
    ...(text === '' ? {} : { path: text }),
    ...(value === undefined ? {} : { value }),
    message: finding.message,
    ...(finding.remedy === undefined ? {} : { remedy: finding.remedy }),
  };
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
