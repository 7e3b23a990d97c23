/** What an OPEN of ours says of restarts: graceful restart, its N bit, long-lived graceful restart. */

import { settingsOf } from '../datastore/peer-settings.ts';
import type { Offer } from '../fsm/session-config.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';

export function restartOffer(core: Core, peer: Peer): Pick<Offer, 'gracefulRestart' | 'longLived'> {
  const { restartTime } = peer.plan;
  if (restartTime === undefined) return { gracefulRestart: undefined, longLived: undefined };
  const settings = settingsOf(peer.plan);
  // RFC 9494 §5: not by default, a profile has to ask for it; so the default of `settingsOf` does not count here.
  const staleTime = peer.plan.settings?.longLivedStaleTime;
  return {
    gracefulRestart: {
      restartTime,
      // RFC 4724 §3: the R bit only after a real restart and until it is over.
      restarting: isRestarting(core),
      forwarding: forwardingOf(core, peer),
      notification: settings.gracefulRestartNotification,
    },
    longLived: staleTime === undefined ? undefined : { staleTime },
  };
}

function isRestarting(core: Core): boolean {
  return core.options.restarting && core.recovering;
}

/**
 * RFC 4724 §3: the F bit of a family only where its routes in the kernel survived. After a restart of ours those that
 * were found there; when only the session was lost, which this process outlived, all that it keeps in the kernel.
 */
function forwardingOf(core: Core, peer: Peer): readonly AfiSafi[] {
  const { families } = peer.plan;
  if (isRestarting(core)) return families.filter((family) => core.survived.has(family));
  const hasKept = peer.established > 0 && core.kernelState.state === 'synced';
  return hasKept ? families : [];
}
