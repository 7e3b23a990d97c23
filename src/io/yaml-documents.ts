/**
 * Text of a YAML or JSON file → documents with the place of every value.
 *
 * The one file that knows the `yaml` package. Invariant: never throws for what stands in the file.
 */

import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseAllDocuments,
  type Node as YamlNode,
} from 'yaml';
import type { ConfigError } from '../base/errors.ts';
import type { Path, Position, RawDocument } from '../datastore/documents.ts';

/** How often aliases may be resolved in a document: more is an attack on memory, not configuration. */
const YAML_ALIASES_MAX = 100;

export type ParsedFile =
  | { readonly ok: true; readonly documents: readonly RawDocument[] }
  | { readonly ok: false; readonly error: ConfigError };

export function parseYamlFile(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(parsed)) return { ok: true, documents: [] };
  const documents: RawDocument[] = [];
  for (const [index, document] of parsed.entries()) {
    const fault = document.errors[0];
    if (fault !== undefined) return { ok: false, error: syntaxError(file, fault, lines) };
    const value = contentOf(document);
    if (value instanceof Error) {
      return { ok: false, error: syntaxError(file, { message: value.message, pos: [0] }, lines) };
    }
    // An empty document between two separators says nothing.
    if (value === null || value === undefined) continue;
    const positionOf = (path: Path): Position | undefined => positionIn(document, lines, path);
    documents.push({ file, documentIndex: index, value, positionOf });
  }
  return { ok: true, documents };
}

function contentOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: YAML_ALIASES_MAX });
  } catch (error) {
    // Too many aliases, or one that names nothing: a mistake in the file, like any other.
    return error instanceof Error ? error : new Error(String(error));
  }
}

function syntaxError(
  file: string,
  fault: { readonly message: string; readonly pos: readonly number[] },
  lines: LineCounter,
): ConfigError {
  const { line, col } = lines.linePos(fault.pos[0] ?? 0);
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'Syntax',
    file,
    line: Math.max(1, line),
    column: Math.max(1, col),
    message: `Not YAML: ${fault.message.split('\n', 1)[0]}`,
  };
}

/**
 * Place of the value at `path`; of the nearest ancestor where that is missing. A map or list is named by its key: its
 * own place is the line below, where something else stands.
 */
function positionIn(
  document: Document.Parsed,
  lines: LineCounter,
  path: Path,
): Position | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as YamlNode | undefined;
    const start = (keyOf(document, path.slice(0, length), node) ?? node)?.range?.[0];
    if (start === undefined) continue;
    const { line, col } = lines.linePos(start);
    return { line, column: col };
  }
  return undefined;
}

/** The key of a collection in its map; undefined for anything else. */
function keyOf(
  document: Document.Parsed,
  path: Path,
  node: YamlNode | undefined,
): YamlNode | undefined {
  if (!isCollection(node) || path.length === 0) return undefined;
  const parent = document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  return pair?.key as YamlNode | undefined;
}
