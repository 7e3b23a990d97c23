/**
 * FRR: bgpd with the zebra that it needs to know its interfaces. The users that they insist on are in a mount namespace
 * of theirs; sockets and pid files are in the scratch folder.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAccounts } from '../../test/support/interop/accounts.ts';
import { FRR_ACCOUNTS } from '../../test/support/interop/frr.ts';
import { findPeer } from '../../test/support/peers.ts';
import { NETWORK, type Scenario, type Speaker } from '../scenarios.ts';
import { mustFind, type Rival, versionOf } from './rival.ts';

export const FRR: Rival = {
  name: 'frr',
  version: () => versionOf('frr'),
  unfit() {
    const found = findPeer('frr');
    return 'missing' in found ? found.missing : undefined;
  },
  // Its neighbors leave Idle one by one after it listens, and one that calls before is answered with an FSM Error.
  settlesInMs: 4000,
  prepare({ lab, scenario, speakers }) {
    const found = mustFind('frr');
    const at = (name: string): string => join(lab.dir, name);
    writeFileSync(at('bgpd.conf'), frrConfig(speakers));
    writeFileSync(at('zebra.conf'), '');
    const common = ['-z', at('zserv.api'), '--vty_socket', lab.dir, '-A', '127.0.0.1'];
    const zebra = [
      found.others['zebra']!,
      ...common,
      '-f',
      at('zebra.conf'),
      '-i',
      at('zebra.pid'),
    ];
    const bgpd = [found.daemon, ...common, ...noKernel(scenario), '-f', at('bgpd.conf')];
    const script = `${zebra.join(' ')} & sleep 1; exec ${bgpd.join(' ')} -i ${at('bgpd.pid')}`;
    return withAccounts(lab.dir, FRR_ACCOUNTS)(['sh', '-c', script]);
  },
};

function noKernel(scenario: Scenario): string[] {
  return scenario.kernel === true ? [] : ['-n'];
}

function frrConfig(speakers: readonly Speaker[]): string {
  const neighbors = speakers.map(
    ({ address, as }) => ` neighbor ${address} remote-as ${as}
 neighbor ${address} passive
 neighbor ${address} timers 60 180
`,
  );
  return `router bgp ${NETWORK.localAs}
 bgp router-id ${NETWORK.daemonAddress}
 no bgp ebgp-requires-policy
 bgp bestpath compare-routerid
${neighbors.join('')}`;
}
