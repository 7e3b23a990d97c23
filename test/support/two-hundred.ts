/** Addresses, AS numbers and blocks of the peers that `two-hundred-peers.ts` plays, by index. */

export function peerAddress(index: number): string {
  return `10.9.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
}

export function asOfPeer(index: number): number {
  return 64_600 + index;
}

export function blockOfPeer(index: number): string {
  return `10.245.${index}.0/26`;
}
