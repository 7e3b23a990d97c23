/**
 * What the files of the directory held when they were last read: of a thousand files one has changed, and of that one
 * a single document.
 */

import { readFile } from 'node:fs/promises';
import { type ParsedFile, YamlReader } from '../yaml-documents.ts';

export interface ListedFile {
  readonly path: string;
  /** Size, times and inode: equal marks, equal content, but for `changedMs`. */
  readonly mark: string;
  /** When it was last changed, in milliseconds of the wall clock. */
  readonly changedMs: number;
}

type Content = ParsedFile | { readonly errno: string } | { readonly empty: true };

interface Kept {
  readonly mark: string;
  /** The content may differ from that of an equal mark: it was changed while the clock stood at that time. */
  readonly racy: boolean;
  readonly content: Content;
  readonly reader: YamlReader;
}

/** Kernels stamp files by the tick, up to 10 ms long; network file systems by clocks of their own. */
const RACY_MS = 2000;

export class FileCache {
  readonly #kept = new Map<string, Kept>();

  async read({ path, mark, changedMs }: ListedFile): Promise<Content> {
    const kept = this.#kept.get(path);
    if (kept !== undefined && kept.mark === mark && !kept.racy) return kept.content;
    const reader = kept?.reader ?? new YamlReader();
    const racy = Date.now() - changedMs < RACY_MS;
    const content = await contentOf(path, reader);
    // What could not be read may be readable next time without any change of the file.
    if ('errno' in content) this.#kept.delete(path);
    else this.#kept.set(path, { mark, racy, content, reader });
    return content;
  }

  /** Forgets files that are there no more. */
  keepOnly(files: readonly ListedFile[]): void {
    if (files.length === this.#kept.size) return;
    const there = new Set(files.map((file) => file.path));
    for (const path of this.#kept.keys()) if (!there.has(path)) this.#kept.delete(path);
  }
}

async function contentOf(path: string, reader: YamlReader): Promise<Content> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { errno: errnoOf(error) };
  }
  return text.trim() === '' ? { empty: true } : reader.read(path, text);
}

export function errnoOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist (ENOENT)';
  if (code === 'EACCES') return 'permission denied (EACCES)';
  if (code === 'ENOTDIR') return 'it is no directory (ENOTDIR)';
  return code ?? String(error);
}
