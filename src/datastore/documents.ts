/**
 * Resources as they come from a datastore, before anything is believed about them: values as parsed from YAML
 * or JSON, with the place of each, so that a mistake can be named by file, line and column.
 */

import type { ConfigError } from '../base/errors.ts';

/** Keys and indices from the document's root, e.g. `['spec', 'exportV4', 2, 'cidr']`. */
export type Path = readonly (string | number)[];

export interface Position {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

export interface RawDocument {
  /** As the operator named it; for other datastores the key of the object. */
  readonly file: string;
  /** 0-based place in the file. */
  readonly documentIndex: number;
  readonly value: unknown;
  /** Place of the value at `path`, or of its nearest ancestor that exists; undefined when places are not known. */
  positionOf(path: Path): Position | undefined;
}

/** Everything that a datastore holds at one instant. */
export interface RawSnapshot {
  readonly documents: readonly RawDocument[];
  /** Files that could not be read or parsed: the last good version of their resources stays. */
  readonly broken: readonly BrokenFile[];
}

export interface BrokenFile {
  readonly file: string;
  readonly error: ConfigError;
}

/** `spec.exportV4[2].cidr` */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** The inverse of `formatPath`. */
export function parsePath(text: string): Path {
  const path: (string | number)[] = [];
  for (const match of text.matchAll(/\[([0-9]+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)) {
    if (match[1] !== undefined) path.push(Number(match[1]));
    else path.push(match[2] === undefined ? match[3]! : String(JSON.parse(match[2])));
  }
  return path;
}

/** A document without places, for tests and for snapshots that were written as JSON. */
export function plainDocument(file: string, value: unknown): RawDocument {
  return { file, documentIndex: 0, value, positionOf: () => undefined };
}
