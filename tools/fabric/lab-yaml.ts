/** One YAML document of a lab, read value by value: what does not fit is refused with file, line, path and remedy. */
import { relative } from 'node:path';
import { formatPath, type Path, type RawDocument } from '../../src/datastore/documents.ts';
import { parseYamlFile } from '../../src/io/yaml-documents.ts';
import { REPOSITORY } from '../cache-dir.ts';

/** A file asks for something that is not played here, or says it wrongly; exit status 78 (EX_CONFIG). */
export class LabError extends Error {
  override readonly name = 'LabError';
}

export type Fields = Readonly<Record<string, unknown>>;

export class LabYaml {
  readonly file: string;
  readonly #document: RawDocument;

  /**
   * @param file  Absolute path, shown relative to the checkout.
   * @throws {LabError} as does every method
   */
  constructor(file: string, text: string) {
    const short = relative(REPOSITORY, file);
    this.file = short.startsWith('..') ? file : short;
    const parsed = parseYamlFile(this.file, text);
    if (!parsed.ok) throw new LabError(parsed.error.message);
    const [document, more] = parsed.documents;
    if (document === undefined || more !== undefined) {
      throw new LabError(`${this.file}: exactly one YAML document belongs here`);
    }
    this.#document = document;
  }

  get root(): unknown {
    return this.#document.value;
  }

  /** @param keys  All that may stand there; without them, anything. */
  object(at: Path, value: unknown, keys?: readonly string[]): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.refuse(at, `a map belongs here, not ${shown(value)}`);
    }
    const unknown = keys && Object.keys(value).find((key) => !keys.includes(key));
    if (unknown !== undefined) {
      this.refuse([...at, unknown], `is not played here; known here: ${keys?.join(', ')}`);
    }
    return value as Fields;
  }

  list(at: Path, value: unknown): readonly unknown[] {
    if (Array.isArray(value)) return value;
    return this.refuse(at, `a list belongs here, not ${shown(value)}`);
  }

  text(at: Path, value: unknown): string {
    if (typeof value === 'string') return value;
    return this.refuse(at, `a text belongs here, not ${shown(value)}`);
  }

  /** A map of texts and numbers, as texts. */
  texts(at: Path, value: unknown): Record<string, string> {
    const entries = Object.entries(this.object(at, value)).map(([key, one]) => {
      if (typeof one === 'string' || typeof one === 'number') return [key, String(one)] as const;
      return this.refuse([...at, key], `a text or a number belongs here, not ${shown(one)}`);
    });
    return Object.fromEntries(entries);
  }

  refuse(at: Path, what: string): never {
    const line = this.#document.positionOf(at)?.line ?? 1;
    const path = at.length === 0 ? '' : ` ${formatPath(at)}:`;
    throw new LabError(`${this.file}:${line}:${path} ${what}`);
  }
}

/** How a value reads in a refusal. */
export function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
