/** Reads the repository from disk for the checks: what git would hold, and nothing that is built. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Folders that never hold anything of ours. */
const IGNORED = new Set(['node_modules', '.git', 'dist', 'build', '.cache', 'coverage']);
/** What is read as text at all; everything else is only known by name. */
const TEXT =
  /\.(ts|tsx|js|mjs|json|md|ya?ml|toml|proto|sh|c|h|txt|service|conf|html|css)$|(^|\/)(Dockerfile|run|node|launch|\.editorconfig|\.npmrc|\.gitignore|LICENSE)$/;
const TEXT_OCTETS_MAX = 2_000_000; // larger ones are data: recordings, tables

export interface RepositoryFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** Undefined for what is not text. */
  readonly text: string | undefined;
}

/** Every file below `root`, in the order of their paths. */
export function readTree(root: string): RepositoryFile[] {
  const files: RepositoryFile[] = [];
  const enter = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !IGNORED.has(entry.name)) enter(path);
      else if (entry.isFile()) files.push({ path, text: readText(root, path) });
    }
  };
  enter('');
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function readText(root: string, path: string): string | undefined {
  const full = join(root, path);
  if (!TEXT.test(path) || statSync(full).size > TEXT_OCTETS_MAX) return undefined;
  return readFileSync(full, 'utf8');
}
