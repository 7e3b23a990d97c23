/** The address families that godwit speaks, named as people name them, with their code points (RFC 4760 §3). */

export const Afi = { IPv4: 1, IPv6: 2 } as const;
export type Afi = (typeof Afi)[keyof typeof Afi];
export const Safi = { Unicast: 1 } as const;
export type Safi = (typeof Safi)[keyof typeof Safi];

/** Index into every per-family array: 0 is IPv4 unicast, 1 is IPv6 unicast. */
export const AFI_SAFIS = ['ipv4-unicast', 'ipv6-unicast'] as const;
export type AfiSafi = (typeof AFI_SAFIS)[number];

export interface AfiSafiFacts {
  readonly afi: Afi;
  readonly safi: Safi;
  /** Address width in bits. */
  readonly width: 32 | 128;
  readonly ipFamily: 4 | 6;
}

const FACTS: Readonly<Record<AfiSafi, AfiSafiFacts>> = {
  'ipv4-unicast': { afi: Afi.IPv4, safi: Safi.Unicast, width: 32, ipFamily: 4 },
  'ipv6-unicast': { afi: Afi.IPv6, safi: Safi.Unicast, width: 128, ipFamily: 6 },
};

export function factsOf(family: AfiSafi): AfiSafiFacts {
  return FACTS[family];
}

/** The family of these code points; undefined for one that godwit does not speak. */
export function afiSafiFrom(afi: number, safi: number): AfiSafi | undefined {
  if (safi !== Safi.Unicast) return undefined;
  if (afi === Afi.IPv4) return 'ipv4-unicast';
  if (afi === Afi.IPv6) return 'ipv6-unicast';
  return undefined;
}

export function afiSafiOfIpFamily(family: 4 | 6): AfiSafi {
  return family === 4 ? 'ipv4-unicast' : 'ipv6-unicast';
}
