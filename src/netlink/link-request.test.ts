import { expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { encodeLinkRequest } from './link-request.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

it('An IP-in-IP device is asked for as ip link add tunl0 type ipip does', () => {
  expect(hex(encodeLinkRequest({ what: 'create', name: 'tunl0' }, 1))).toBe(
    [
      '3c000000 1000 0506 01000000 00000000', // RTM_NEWLINK, REQUEST|ACK|EXCL|CREATE
      '00000000 00000000 00000000 00000000', // ifinfomsg
      '0a000300 74756e6c30000000', // IFLA_IFNAME tunl0
      '10001200 09000100 6970697000000000', // IFLA_LINKINFO { IFLA_INFO_KIND ipip }
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});

it('Raising a device changes that flag alone', () => {
  expect(hex(encodeLinkRequest({ what: 'up', interfaceIndex: 7 }, 1)).slice(32)).toBe(
    '00000000070000000100000001000000',
  );
});

it('An MTU and an address are set by index; the address is a host address', () => {
  const mtu = encodeLinkRequest({ what: 'mtu', interfaceIndex: 7, mtu: 1380 }, 1);
  expect(hex(mtu).slice(64)).toBe('0800040064050000');
  const address = { what: 'address', interfaceIndex: 7, address: ip('10.244.0.1') } as const;
  expect(hex(encodeLinkRequest(address, 1)).slice(32)).toBe(
    '0220000007000000' + '080002000af40001' + '080001000af40001',
  );
});
