/**
 * OpenBGPD: three processes. It drops its rights to a user of its own, which a machine without the package does not
 * have: a mount namespace of its own gives it one, and a /run to put its socket.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer } from '../../test/support/peers.ts';
import { NETWORK, type Speaker } from '../scenarios.ts';
import { mustFind, type Rival, versionOf } from './rival.ts';

const USER = '_openbgpd';
/** Of no account on the machine; only names inside the mount namespace. */
const USER_ID = 64_179;

export const OPENBGPD: Rival = {
  name: 'openbgpd',
  version: () => versionOf('openbgpd'),
  unfit(scenario) {
    const found = findPeer('openbgpd');
    if ('missing' in found) return found.missing;
    return scenario.kernel === true ? 'OpenBGPD writes no kernel routes on Linux' : undefined;
  },
  prepare({ lab, speakers }) {
    const at = (name: string): string => join(lab.dir, name);
    mkdirSync(at('run/openbgpd'), { recursive: true });
    mkdirSync(at('home'), { recursive: true, mode: 0o755 });
    writeFileSync(at('bgpd.conf'), openbgpdConfig(speakers, at('run/bgpd.sock')), { mode: 0o600 });
    const id = `${USER}:x:${USER_ID}`;
    const passwd = `${id}:${USER_ID}::/run/openbgpd:/usr/sbin/nologin\n`;
    writeFileSync(at('passwd'), `${readFileSync('/etc/passwd', 'utf8')}${passwd}`);
    writeFileSync(at('group'), `${readFileSync('/etc/group', 'utf8')}${id}:\n`);
    const script = [
      `mount --bind ${at('passwd')} /etc/passwd`,
      `mount --bind ${at('group')} /etc/group`,
      `mount --bind ${at('run')} /run`,
      `exec ${mustFind('openbgpd').daemon} -d -f ${at('bgpd.conf')}`,
    ];
    return ['unshare', '--mount', 'sh', '-c', script.join(' && ')];
  },
};

function openbgpdConfig(speakers: readonly Speaker[], socket: string): string {
  const neighbors = speakers.map(
    ({ name, address, as }) =>
      `neighbor ${address} {
  descr "${name}"
  remote-as ${as}
  passive
  holdtime 180
  enforce neighbor-as no
}
`,
  );
  return `AS ${NETWORK.localAs}
router-id ${NETWORK.daemonAddress}
listen on ${NETWORK.daemonAddress}
socket "${socket}"
fib-update no
${neighbors.join('')}allow from any
allow to any
`;
}
