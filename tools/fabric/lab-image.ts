/**
 * What stands for a container image here, and how the commands of a topology read: network commands are run as they
 * stand, the one that starts the image's daemon is carried out by `lab-speakers.ts`.
 */

export type ImageKind = 'godwit' | 'bird' | 'gobgp' | 'frr' | 'openbgpd';

interface Image {
  readonly names: RegExp;
  readonly example: string;
  /** First word of the command that starts its daemon in a running container. */
  readonly starts: readonly string[];
  /** What a node that runs it must bind: the daemon's configuration. */
  readonly wants: string;
}

export const IMAGES: Readonly<Record<ImageKind, Image>> = {
  godwit: {
    names: /^(.*\/)?godwit-fabric(:[\w.-]+)?$/,
    example: 'godwit-fabric:dev',
    starts: ['fabric-node'],
    wants: '/etc/godwit/resources',
  },
  bird: {
    names: /^(.*\/)?godwit-bird(:[\w.-]+)?$/,
    example: 'godwit-bird:dev',
    starts: ['bird'],
    wants: '/etc/bird/bird.conf',
  },
  gobgp: {
    names: /^(.*\/)?godwit-gobgp(:[\w.-]+)?$/,
    example: 'godwit-gobgp:dev',
    starts: ['outside', 'gobgpd'],
    wants: '/etc/gobgp.toml',
  },
  frr: {
    names: /^(.*\/)?frr(:[\w.-]+)?$/,
    example: 'quay.io/frrouting/frr:8.4.4',
    starts: ['/usr/lib/frr/frrinit.sh'],
    wants: '/etc/frr/frr.conf',
  },
  openbgpd: {
    names: /^(.*\/)?openbgpd(:[\w.-]+)?$/,
    example: 'openbgpd/openbgpd:7.7',
    starts: ['bgpd'],
    wants: '/etc/bgpd/bgpd.conf',
  },
};

export function imageKind(name: string): ImageKind | undefined {
  return (Object.keys(IMAGES) as ImageKind[]).find((kind) => IMAGES[kind].names.test(name));
}

export type LabExec =
  /** Words after `ip`. */
  | { readonly kind: 'ip'; readonly words: readonly string[] }
  /** A kernel parameter of the node, below /proc/sys. */
  | { readonly kind: 'write'; readonly path: string; readonly value: string };

/** One line of `exec`. */
export function parseExec(
  line: string,
  image: ImageKind,
): LabExec | { readonly kind: 'daemon' } | { readonly refused: string } {
  const written = /^sh -c (["'])echo (\d+) ?> ?(\/proc\/sys\/net\/[\w./-]+)\1$/.exec(line);
  if (written !== null) return { kind: 'write', value: written[2]!, path: written[3]! };
  const inner = /^sh -c (["'])(.*)\1$/.exec(line)?.[2] ?? line;
  const [first = '', ...words] = inner.split(/\s+/).filter((word) => word !== '');
  const { starts } = IMAGES[image];
  if (starts.includes(first)) return { kind: 'daemon' };
  if (first === 'ip' && inner === line && !/["'$`;|&<>]/.test(line)) return { kind: 'ip', words };
  const refused = `${JSON.stringify(line)} is not played here; allowed: ip …, \
sh -c "echo NUMBER >/proc/sys/net/…", and the start of the image's daemon (${starts.join(', ')} …)`;
  return { refused };
}
