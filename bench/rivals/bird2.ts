/** BIRD 2, the daemon to beat: one protocol a peer, all routes accepted both ways. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer } from '../../test/support/peers.ts';
import { NETWORK, type Scenario, type Speaker } from '../scenarios.ts';
import { mustFind, type Rival, versionOf } from './rival.ts';

export const BIRD2: Rival = {
  name: 'bird2',
  version: () => versionOf('bird2'),
  unfit() {
    const found = findPeer('bird2');
    return 'missing' in found ? found.missing : undefined;
  },
  prepare({ lab, scenario, speakers }) {
    const config = join(lab.dir, 'bird.conf');
    writeFileSync(config, birdConfig(scenario, speakers));
    return [mustFind('bird2').daemon, '-f', '-c', config, '-s', join(lab.dir, 'bird.ctl')];
  },
};

function birdConfig(scenario: Scenario, speakers: readonly Speaker[]): string {
  const kernel = 'protocol kernel { metric 0; ipv4 { export all; }; }\n';
  const local = `local ${NETWORK.daemonAddress} as ${NETWORK.localAs}`;
  const peers = speakers.map(({ name, address, as, role }) => {
    const filters = role === 'sink' ? 'import none; export all;' : 'import all; export all;';
    const channel = `ipv4 { ${filters} next hop self ebgp; };`;
    return `protocol bgp ${name} { ${local}; neighbor ${address} as ${as}; passive on; ${channel} }\n`;
  });
  return `log stderr { warning, error, fatal };
router id ${NETWORK.daemonAddress};
protocol device { scan time 10; }
${scenario.kernel === true ? kernel : ''}${peers.join('')}`;
}
