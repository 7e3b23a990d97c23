/** What a process has used: CPU seconds of all its threads, and memory, as the kernel tells it. */

import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of the living threads, in seconds; nanosecond counters, so that short steps count. */
export function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const line = readIfThere(`/proc/${pid}/task/${thread}/schedstat`);
    nanoseconds += Number(line.split(' ')[0] ?? 0);
  }
  return nanoseconds / 1e9;
}

/** A thread may end between the listing and the reading; it then counts as nothing. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code;
    if (errno === 'ENOENT' || errno === 'ESRCH') return '0';
    throw error;
  }
}

export interface Memory {
  /** Resident now, and at most so far, in MB of 10⁶ octets. */
  readonly now: number;
  readonly peak: number;
}

export function memoryOf(pid: number): Memory {
  return parseMemory(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

export function parseMemory(status: string): Memory {
  const kilobytes = (name: string): number => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status);
    if (match === null) throw new Error(`No ${name} in the status of the process`);
    return (Number(match[1]) * 1024) / 1e6;
  };
  return { now: kilobytes('VmRSS'), peak: kilobytes('VmHWM') };
}
