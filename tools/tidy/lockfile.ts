/**
 * Whether `npm ci` will take package-lock.json on a bare machine: every dependency has its entry,
 * those for other platforms included (npm drops what a registry does not carry, and then refuses
 * its own file), and no entry names the host that it came from.
 */

import type { Finding } from './finding.ts';

interface Entry {
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function checkLockfile(file: string, text: string): Finding[] {
  const packages = (JSON.parse(text) as { packages: Record<string, Entry> }).packages;
  const findings: Finding[] = [];
  const report = (what: string, remedy: string): void => {
    findings.push({ file, line: 1, rule: 'lockfile', what, remedy, severity: 'error' });
  };
  for (const [path, entry] of Object.entries(packages)) {
    const names = Object.keys({ ...entry.dependencies, ...entry.optionalDependencies });
    for (const name of names) {
      if (isFound(name, path, packages)) continue;
      report(`${path || 'the project'} needs ${name}, which has no entry`, 'add it by hand');
    }
    if (entry.resolved !== undefined) {
      const remedy = 'keep omit-lockfile-registry-resolved in .npmrc and write the file again';
      report(`${path} names where it came from`, remedy);
    }
  }
  return findings;
}

/** Node's rule: the nearest `node_modules` on the way up that holds `name`. */
function isFound(name: string, from: string, packages: Readonly<Record<string, Entry>>): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (`${at === '' ? '' : `${at}/`}node_modules/${name}` in packages) return true;
    if (at === '') return false;
  }
}
