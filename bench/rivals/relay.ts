/** The null relay: what the harness itself and the kernel cost; no daemon can be faster. */

import { NETWORK } from '../scenarios.ts';
import type { Rival } from './rival.ts';

export const RELAY: Rival = {
  name: 'relay',
  unfit(scenario) {
    if (scenario.kernel === true) return 'a relay writes no kernel routes';
    return scenario.feeds > 1 && scenario.mesh !== true
      ? 'a relay does not choose among feeds'
      : undefined;
  },
  prepare: ({ load }) => [load, 'relay', NETWORK.daemonAddress, String(NETWORK.localAs)],
};
