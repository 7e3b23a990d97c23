/** BIRD 1.6, the base of Calico's fork: as BIRD 2, in its older words. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer } from '../../test/support/peers.ts';
import { NETWORK, type Scenario, type Speaker } from '../scenarios.ts';
import { mustFind, type Rival, versionOf } from './rival.ts';

export const BIRD1: Rival = {
  name: 'bird1',
  version: () => versionOf('bird1'),
  unfit() {
    const found = findPeer('bird1');
    return 'missing' in found ? found.missing : undefined;
  },
  prepare({ lab, scenario, speakers }) {
    const config = join(lab.dir, 'bird.conf');
    writeFileSync(config, birdConfig(scenario, speakers));
    return [mustFind('bird1').daemon, '-f', '-c', config, '-s', join(lab.dir, 'bird.ctl')];
  },
};

function birdConfig(scenario: Scenario, speakers: readonly Speaker[]): string {
  const kernel = 'protocol kernel { export all; }\n';
  const local = `local ${NETWORK.daemonAddress} as ${NETWORK.localAs}`;
  const peers = speakers.map(({ name, address, as, role }) => {
    const filters = role === 'sink' ? 'import none; export all;' : 'import all; export all;';
    return `protocol bgp ${name} { ${local}; neighbor ${address} as ${as}; passive on; ${filters} }\n`;
  });
  return `log stderr { warning, error, fatal };
router id ${NETWORK.daemonAddress};
protocol device { scan time 10; }
${scenario.kernel === true ? kernel : ''}${peers.join('')}`;
}
