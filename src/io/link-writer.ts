/**
 * One request about an interface, sent and answered at once: the kernel does the work inside sendmsg, and its answer
 * waits when that returns. For the few requests of a life, each on a socket of its own.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import type { SystemError } from '../base/errors.ts';
import { Errno } from '../netlink/errno.ts';
import { encodeLinkRequest, type LinkRequest } from '../netlink/link-request.ts';
import { decodeAcknowledgement, MessageCursor } from '../netlink/message.ts';
import { nativeSockets } from './native.ts';
import { openNetlink } from './netlink-raw.ts';
import { systemError } from './system-error.ts';

const ANSWER_OCTETS = 4096;

export function writeLink(request: LinkRequest): SystemError | undefined {
  const native = nativeSockets();
  const fd = openNetlink({ groups: [] });
  if (typeof fd !== 'number') return fd;
  try {
    const octets = encodeLinkRequest(request, 1);
    const sent = native.send(fd, octets, 0, octets.length);
    if (sent < 0) return systemError(`sendmsg(${request.what})`, sent);
    const answer = new Uint8Array(ANSWER_OCTETS);
    const length = native.recv(fd, answer, 0, answer.length, new Uint8Array(12));
    if (length < 0) return systemError(`recv(${request.what})`, length);
    const message = new MessageCursor().reset(answer, length);
    if (!message.next()) return systemError(`recv(${request.what})`, -Errno.EIO);
    const said = decodeAcknowledgement(message);
    // Somebody was faster, or the module made it when it was loaded: what was wanted is there.
    if (said === undefined || said.errno === 0 || said.errno === Errno.EEXIST) return undefined;
    const lacks = request.what === 'create' && said.errno === Errno.EOPNOTSUPP;
    const detail = lacks ? 'this kernel has no ipip, and no module for it' : said.text;
    return systemError(`netlink(${request.what})`, -said.errno, detail);
  } finally {
    native.close(fd);
  }
}

/** Whether the kernel can have no VRF, which also a privileged question alone tells; false while nobody knows. */
export function lacksVrf(): boolean {
  return writeLink({ what: 'askForVrf' })?.errno === 'EOPNOTSUPP';
}

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';
const FORWARD_BY_HAND =
  'packets from the tunnel are dropped until somebody sets it to 1 (sysctl -w net.ipv4.ip_forward=1, and in /etc/sysctl.d)';

/** Routers forward; where no Felix sees to it, a node without this drops what comes out of the tunnel. */
export function enableForwarding(): SystemError | undefined {
  try {
    // It may stand, and be kept from us: a sandbox that shows /proc/sys read-only is no fault then.
    if (readFileSync(IP_FORWARD, 'utf8').trim() === '1') return undefined;
    writeFileSync(IP_FORWARD, '1');
    return undefined;
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
    return {
      kind: 'SystemError',
      call: 'write',
      errno,
      detail: `${IP_FORWARD}: ${FORWARD_BY_HAND}`,
    };
  }
}
