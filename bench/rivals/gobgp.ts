/** GoBGP: eBGP tie-breaks by router id as the others, instead of by age. It has no kernel FIB. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer } from '../../test/support/peers.ts';
import { NETWORK, type Speaker } from '../scenarios.ts';
import { mustFind, type Rival, versionOf } from './rival.ts';

export const GOBGP: Rival = {
  name: 'gobgp',
  version: () => versionOf('gobgpd'),
  unfit(scenario) {
    const found = findPeer('gobgpd');
    if ('missing' in found) return found.missing;
    return scenario.kernel === true ? 'GoBGP writes no kernel routes' : undefined;
  },
  prepare({ lab, speakers }) {
    const config = join(lab.dir, 'gobgpd.toml');
    writeFileSync(config, gobgpConfig(speakers));
    const quiet = ['--log-level=error', '--pprof-disable', '--api-hosts=127.0.0.1:50051'];
    return [mustFind('gobgpd').daemon, '-f', config, ...quiet];
  },
};

function gobgpConfig(speakers: readonly Speaker[]): string {
  const neighbors = speakers.map(
    ({ address, as }) => `[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = ${as}
  [neighbors.transport.config]
    passive-mode = true
`,
  );
  return `[global.config]
  as = ${NETWORK.localAs}
  router-id = "${NETWORK.daemonAddress}"
[global.route-selection-options.config]
  external-compare-router-id = true
${neighbors.join('')}`;
}
