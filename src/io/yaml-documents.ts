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
  return new YamlReader().read(file, text);
}

/** What a piece of a file holds. */
interface Piece {
  readonly values: readonly unknown[];
  readonly fault?: { readonly message: string; readonly offset: number };
}

/**
 * Reads one file again and again: a document whose text has not changed is not parsed again, and gives the very same
 * value. Places are found when somebody asks, by parsing that one document anew: syntax trees weigh fifty times
 * their text.
 */
export class YamlReader {
  #pieces = new Map<string, Placed>();

  read(file: string, text: string): ParsedFile {
    const documents: RawDocument[] = [];
    const seen = new Map<string, Placed>();
    let documentIndex = 0;
    let linesBefore = 0;
    for (const source of splitDocuments(text)) {
      // Two documents of one text are two values: each has a place of its own.
      const known = seen.has(source) ? undefined : this.#pieces.get(source);
      const piece = known?.piece ?? parsePiece(source);
      const at: Source = { source, linesBefore };
      if (piece.fault !== undefined) {
        return { ok: false, error: syntaxError(file, at, piece.fault) };
      }
      const stays = known?.linesBefore === linesBefore && known.documentIndex === documentIndex;
      const placed = stays
        ? known
        : {
            piece,
            linesBefore,
            documentIndex,
            documents: place(file, at, { documentIndex, piece }),
          };
      seen.set(source, placed);
      documents.push(...placed.documents);
      documentIndex += piece.values.length;
      linesBefore += countLines(source);
    }
    this.#pieces = seen;
    return { ok: true, documents };
  }
}

/** A piece where it stood last: there its documents are the same objects. A reader reads one file. */
interface Placed extends Pick<Source, 'linesBefore'> {
  readonly piece: Piece;
  readonly documentIndex: number;
  readonly documents: readonly RawDocument[];
}

function place(
  file: string,
  at: Source,
  { documentIndex, piece }: Pick<Placed, 'documentIndex' | 'piece'>,
): RawDocument[] {
  return piece.values.flatMap((value, index) => {
    // An empty document between two separators says nothing.
    if (value === null || value === undefined) return [];
    const positionOf = (path: Path): Position | undefined => positionIn(at, index, path);
    return [{ file, documentIndex: documentIndex + index, value, positionOf }];
  });
}

/** A piece of a file, and where it begins there. */
interface Source {
  readonly source: string;
  readonly linesBefore: number;
}

/**
 * YAML 1.2 §9.1.2: a line that begins with `---` begins a document, whatever it stands in. A file with directives or
 * `...` is taken as one piece: what such lines govern reaches over the separators.
 */
function splitDocuments(text: string): string[] {
  if (/^(?:%|\.\.\.(?:\s|$))/m.test(text)) return [text];
  const pieces: string[] = [];
  let begin = 0;
  for (const { index } of text.matchAll(/^---(?=\s|$)/gm)) {
    // Comments before the first separator belong to the first document.
    if (index === 0 || (begin === 0 && pieces.length === 0 && isBlank(text.slice(0, index))))
      continue;
    pieces.push(text.slice(begin, index));
    begin = index;
  }
  pieces.push(text.slice(begin));
  return pieces;
}

function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:#.*)?$/.test(line));
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function parsePiece(source: string): Piece {
  const { documents } = syntaxOf(source);
  const values: unknown[] = [];
  for (const document of documents) {
    const fault = document.errors[0];
    if (fault !== undefined) {
      return { values: [], fault: { message: fault.message, offset: fault.pos[0] } };
    }
    const value = contentOf(document);
    if (value instanceof Error) {
      return { values: [], fault: { message: value.message, offset: 0 } };
    }
    values.push(value);
  }
  return { values };
}

interface Syntax {
  readonly source: string;
  readonly documents: readonly Document.Parsed[];
  readonly lines: LineCounter;
}

/** Of the piece that was asked for last: a document with ten mistakes is asked for ten places. */
let lastSyntax: Syntax | undefined;

function syntaxOf(source: string): Syntax {
  if (lastSyntax?.source === source) return lastSyntax;
  const lines = new LineCounter();
  const parsed = parseAllDocuments(source, { lineCounter: lines, prettyErrors: false });
  lastSyntax = { source, documents: Array.isArray(parsed) ? parsed : [], lines };
  return lastSyntax;
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
  { source, linesBefore }: Source,
  fault: NonNullable<Piece['fault']>,
): ConfigError {
  const { line, col } = syntaxOf(source).lines.linePos(fault.offset);
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'Syntax',
    file,
    line: Math.max(1, line) + linesBefore,
    column: Math.max(1, col),
    message: `Not YAML: ${fault.message.split('\n', 1)[0]}`,
  };
}

/**
 * Place of the value at `path`; of the nearest ancestor where that is missing. A map or list is named by its key: its
 * own place is the line below, where something else stands.
 */
function positionIn(
  { source, linesBefore }: Source,
  index: number,
  path: Path,
): Position | undefined {
  const { documents, lines } = syntaxOf(source);
  const document = documents[index];
  if (document === undefined) return undefined;
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as YamlNode | undefined;
    const start = (keyOf(document, path.slice(0, length), node) ?? node)?.range?.[0];
    if (start === undefined) continue;
    const { line, col } = lines.linePos(start);
    return { line: line + linesBefore, column: col };
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
