/** The drivers by name. */
import { Bird1 } from './bird1.ts';
import { Bird2 } from './bird2.ts';
import type { Daemon, DaemonName, DaemonPlace } from './daemon.ts';
import { Frr } from './frr.ts';
import { Gobgpd } from './gobgpd.ts';
import { Openbgpd } from './openbgpd.ts';

const DRIVERS: Readonly<Record<DaemonName, new (place: DaemonPlace) => Daemon>> = {
  bird2: Bird2,
  bird1: Bird1,
  gobgpd: Gobgpd,
  frr: Frr,
  openbgpd: Openbgpd,
};

export function makeDaemon(name: DaemonName, place: DaemonPlace): Daemon {
  return new DRIVERS[name](place);
}
