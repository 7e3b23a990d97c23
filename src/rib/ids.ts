/**
 * The integers by which tables name things. All are dense, start at 1 and are reused once nothing
 * names them any more; 0 always means "none", so that fresh typed-array columns need no fill.
 */

declare const brand: unique symbol;

/** One row of the path table: (prefix, peer, path identifier). */
export type PathId = number & { readonly [brand]?: 'PathId' };
/** One interned set of attributes, in canonical octets. */
export type AttributesId = number & { readonly [brand]?: 'AttributesId' };
/** A configured peer, numbered by the speaker; `LOCAL_PEER` stands for this node's own paths. */
export type PeerId = number & { readonly [brand]?: 'PeerId' };
/** An update group of one family. */
export type GroupId = number & { readonly [brand]?: 'GroupId' };
/** A distinct next hop: the octets of NEXT_HOP or of MP_REACH_NLRI's next hop field. */
export type NextHopId = number & { readonly [brand]?: 'NextHopId' };

/** The peer of paths that this node originates (own blocks, services, static and kernel routes). */
export const LOCAL_PEER: PeerId = 0;

/** Largest PeerId: peers stand in 16-bit columns. */
export const PEER_ID_MAX = 65_535;
