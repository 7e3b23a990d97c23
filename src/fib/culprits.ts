/** Programs that are known to disturb routes of others: by the name that the kernel has of them, and what stops them. */

interface Culprit {
  /** For people. */
  readonly name: string;
  readonly remedy: string;
}

/** By `/proc/PID/comm`, which is cut after 15 octets. */
const CULPRITS: ReadonlyMap<string, Culprit> = new Map([
  [
    'systemd-network',
    {
      name: 'systemd-networkd',
      remedy: 'set ManageForeignRoutes=no in /etc/systemd/networkd.conf',
    },
  ],
  [
    'NetworkManager',
    {
      name: 'NetworkManager',
      remedy: 'name the interface in unmanaged-devices of NetworkManager.conf',
    },
  ],
  ['bird', { name: 'bird', remedy: 'stop it, or keep its routes out of the pools' }],
  [
    'calico-node',
    { name: 'Felix (calico-node)', remedy: 'see to it that programClusterRoutes names one of us' },
  ],
]);

/** `systemd-networkd`; the name itself where nothing is known of it. */
export function culpritName(by: string): string {
  return CULPRITS.get(by)?.name ?? by;
}

/** `; set ManageForeignRoutes=no …`, to stand behind what was done; empty where there is no advice. */
export function culpritRemedy(by: string | undefined): string {
  const remedy = by === undefined ? undefined : CULPRITS.get(by)?.remedy;
  return remedy === undefined ? '' : `; ${remedy}`;
}
