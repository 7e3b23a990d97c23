/** The null relay: what the harness itself and the kernel cost; no daemon can be faster. */

import { NETWORK } from '../scenarios.ts';
import type { Rival } from './rival.ts';

export const RELAY: Rival = {
  name: 'relay',
  unfit: (scenario) => (scenario.kernel === true ? 'a relay writes no kernel routes' : undefined),
  // It does not choose among feeds: it has done its part when the best path has come by.
  loadOptions: (scenario) => (scenario.feeds > 1 && scenario.mesh !== true ? ['sticky'] : []),
  prepare: ({ load }) => [load, 'relay', NETWORK.daemonAddress, String(NETWORK.localAs)],
};
