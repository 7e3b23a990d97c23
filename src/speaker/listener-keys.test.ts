/** Which TCP-MD5 keys a listener gets: by address for few peers, by prefix for a large mesh. */

import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
import { type IpAddress, ip } from '../net/ip-address.ts';
import { type Prefix, prefix, prefixCovers, prefixLength } from '../net/prefix.ts';
import {
  KEYS_BY_ADDRESS_MAX,
  type KeyedPeer,
  type ListenerKey,
  listenerKeys,
} from './listener-keys.ts';

const mesh = (count: number, password = 'mesh'): KeyedPeer[] =>
  Array.from({ length: count }, (_, i) => ({ address: ip(`10.1.${i >> 8}.${i & 255}`), password }));

const covers = ({ match }: ListenerKey, address: IpAddress): boolean =>
  match.includes('/') ? prefixCovers(match as Prefix, address) : match === address;

/** As the kernel looks: the longest match wins. */
function passwordFor(keys: readonly ListenerKey[], address: IpAddress): string | undefined {
  const length = ({ match }: ListenerKey): number =>
    match.includes('/') ? prefixLength(match as Prefix) : 128;
  const matching = keys.filter((key) => covers(key, address));
  return matching.sort((a, b) => length(b) - length(a))[0]?.password;
}

describe('keys of a listener', () => {
  it('are by address while they fit a socket', () => {
    const keys = listenerKeys(mesh(KEYS_BY_ADDRESS_MAX));
    expect(keys).toHaveLength(KEYS_BY_ADDRESS_MAX);
    expect(keys[1]).toEqual({ match: '10.1.0.1', password: 'mesh' });
  });

  it('are one prefix for a large mesh with one password', () => {
    expect(listenerKeys(mesh(2000))).toEqual([{ match: '10.1.0.0/21', password: 'mesh' }]);
  });

  it('spare a peer with another password, and one with none, in the middle of the mesh', () => {
    const open: KeyedPeer = { address: ip('10.1.3.77') };
    const other: KeyedPeer = { address: ip('10.1.1.9'), password: 'other' };
    const rest = mesh(1000).filter(
      ({ address }) => ![open.address, other.address].includes(address),
    );
    const keys = listenerKeys([...rest, open, other]);
    expect(keys.length).toBeLessThan(30);
    expect(passwordFor(keys, open.address as IpAddress)).toBeUndefined();
    expect(passwordFor(keys, other.address as IpAddress)).toBe('other');
    for (const { address } of rest) {
      expect(passwordFor(keys, address as IpAddress)).toBe('mesh');
    }
  });

  it('are counted by family: few IPv6 peers keep keys by address', () => {
    const keys = listenerKeys([...mesh(500), { address: ip('fd00::7'), password: 'six' }]);
    expect(keys).toContainEqual({ match: 'fd00::7', password: 'six' });
    expect(keys).toHaveLength(2);
  });

  it('of a range stand as they are, and a peer of the mesh inside it keeps its own', () => {
    const range: KeyedPeer = { address: prefix('10.1.2.0/23'), password: 'range' };
    const keys = listenerKeys([...mesh(1000), range]);
    expect(keys).toContainEqual({ match: '10.1.2.0/23', password: 'range' });
    for (const { address } of mesh(1000)) {
      expect(passwordFor(keys, address as IpAddress)).toBe('mesh');
    }
    expect(passwordFor(keys, ip('10.1.3.250'))).toBe('range');
    expect(listenerKeys([range])).toHaveLength(1);
  });

  it('give every peer its own password, whatever the peers (seeded)', () => {
    const prng = new Prng(7);
    for (let round = 0; round < 20; round++) {
      const peers = Array.from({ length: 400 }, (): KeyedPeer => {
        const address = ip(`10.${prng.below(2)}.${prng.below(4)}.${prng.below(256)}`);
        const kind = prng.below(8);
        return kind === 0 ? { address } : { address, password: kind === 1 ? 'other' : 'mesh' };
      });
      const wanted = new Map(peers.map(({ address, password }) => [address, password]));
      const keys = listenerKeys(peers);
      for (const [address, password] of wanted) {
        expect(passwordFor(keys, address as IpAddress)).toBe(password);
      }
    }
  });
});
