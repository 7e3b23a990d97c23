import { describe, expect, it } from 'vitest';
import { decodeLink } from './link.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s|#.*/g, ''), 'hex'));
const decode = (hex: string) => decodeLink(octets(hex), 0, octets(hex).length);

/** A veth as Linux 6.18 tells it, most attributes left out. */
const VETH = `
  00 00 0100 02000000 43100100 00000000  # ifinfomsg: index 2, UP|RUNNING|LOWER_UP …
  07000300 76310000                      # IFLA_IFNAME v1
  05001000 06000000                      # IFLA_OPERSTATE up
  08000400 78050000                      # IFLA_MTU 1400
  08003200 44000000                      # unknown to us
  08000a00 07000000                      # IFLA_MASTER 7
  10001200 09000100 7665746800000000     # IFLA_LINKINFO { IFLA_INFO_KIND veth }`;

describe('RTM_NEWLINK', () => {
  it('is a link with its state, kind and master', () => {
    expect(decode(VETH)).toEqual({
      index: 2,
      name: 'v1',
      up: true,
      carrier: true,
      operState: 'up',
      mtu: 1400,
      kind: 'veth',
      loopback: false,
      pointToPoint: false,
      master: 7,
    });
  });

  it('is a VRF with its table', () => {
    const info = '18001200 08000100 76726600 0c000280 08000100e9030000'; // { KIND vrf, DATA { TABLE 1001 } }
    const vrf = decode(VETH.replace('10001200 09000100 7665746800000000', info));
    expect(vrf).toMatchObject({ kind: 'vrf', vrfTable: 1001 });
  });

  it('takes what another kind says of itself for no table', () => {
    const info = '18001200 08000100 74756e00 0c000280 08000100e9030000'; // { KIND tun, DATA { 1: 1001 } }
    const link = decode(VETH.replace('10001200 09000100 7665746800000000', info));
    expect(link).toMatchObject({ kind: 'tun' });
    expect(link).not.toHaveProperty('vrfTable');
  });

  it('knows administratively up without carrier', () => {
    expect(decode(VETH.replace('43100100', '03100000'))).toMatchObject({
      up: true,
      carrier: false,
    });
  });

  it('is ignored in the bridge’s family: there it tells of a port, not of a link', () => {
    expect(decode(VETH.replace('00 00 0100', '07 00 0100'))).toBeUndefined();
  });

  it('is ignored when it is cut off or has no name', () => {
    expect(decode('00 00 0100 02000000')).toBeUndefined();
    expect(decode('00 00 0100 02000000 43100100 00000000')).toBeUndefined();
  });
});
