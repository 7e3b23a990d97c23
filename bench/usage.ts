/**
 * What a daemon has used: CPU seconds of all threads of it and of its children, and memory, as the kernel tells it.
 * (OpenBGPD is three processes, FRR two.)
 */

import { readdirSync, readFileSync } from 'node:fs';

/** `pid` and all that descend from it. */
export function familyOf(pid: number): number[] {
  const children = threadsOf(pid).flatMap((thread) =>
    (readIfThere(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean),
  );
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

/** CPU time of the living threads, in seconds; nanosecond counters, so that short steps count. */
export function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const member of familyOf(pid)) {
    for (const thread of threadsOf(member)) {
      const line = readIfThere(`/proc/${member}/task/${thread}/schedstat`);
      nanoseconds += Number(line?.split(' ')[0] ?? 0);
    }
  }
  return nanoseconds / 1e9;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch (error) {
    return whenGone(error, []);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return whenGone(error, undefined);
  }
}

/** A thread may end between the listing and the reading; it then counts as nothing. */
function whenGone<T>(error: unknown, nothing: T): T {
  const errno = (error as NodeJS.ErrnoException).code;
  if (errno === 'ENOENT' || errno === 'ESRCH') return nothing;
  throw error;
}

export interface Memory {
  /** Resident now, and at most so far, in MB of 10⁶ octets. */
  readonly now: number;
  readonly peak: number;
}

/** Sums over the daemon and its children; pages that they share count in each. */
export function memoryOf(pid: number): Memory {
  const statuses = familyOf(pid).map((member) => readFileSync(`/proc/${member}/status`, 'utf8'));
  // A child that has ended and is not yet waited for has no memory, and no line that says so.
  const all = statuses.filter((status) => !/^State:\s+Z/m.test(status)).map(parseMemory);
  return {
    now: all.reduce((sum, { now }) => sum + now, 0),
    peak: all.reduce((sum, { peak }) => sum + peak, 0),
  };
}

export function parseMemory(status: string): Memory {
  const kilobytes = (name: string): number => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status);
    if (match === null) throw new Error(`No ${name} in the status of the process`);
    return (Number(match[1]) * 1024) / 1e6;
  };
  return { now: kilobytes('VmRSS'), peak: kilobytes('VmHWM') };
}
