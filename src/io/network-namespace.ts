/** Which network namespace this process is in, comparable between processes, also of different machines. */

import { readFileSync, readlinkSync } from 'node:fs';

/**
 * The kernel's number of the namespace and of the boot: `net:[4026531840] 0f4c…`. Empty where /proc does not tell, in
 * which case nothing can be said of it.
 */
export function networkNamespace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${readlinkSync('/proc/self/ns/net')} ${boot}`;
  } catch {
    return ''; // no /proc, or one that is kept from us
  }
}
