import { describe, expect, it } from 'vitest';
import { decodeInterfaceAddress } from './address.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(/\s|#.*/g, ''), 'hex'));
const decode = (hex: string) => decodeInterfaceAddress(octets(hex), 0, octets(hex).length);
const plain = { scope: 0, secondary: false, tentative: false, deprecated: false, duplicate: false };

describe('RTM_NEWADDR', () => {
  it('takes IFA_LOCAL as ours and IFA_ADDRESS as the peer’s', () => {
    const address = decode(`
      02 20 80 00 03000000       # AF_INET /32 permanent, interface 3
      08000100 0a070002          # IFA_ADDRESS: the other end
      08000200 0a070001          # IFA_LOCAL
      07000300 76300000          # IFA_LABEL
      08000800 81000000          # IFA_FLAGS: permanent, secondary`);
    const common = { ...plain, family: 4, interfaceIndex: 3, prefixLength: 32 };
    expect(address).toEqual({ ...common, address: '10.7.0.1', peer: '10.7.0.2', secondary: true });
  });

  it('knows an IPv6 address that is still tentative', () => {
    expect(
      decode(`
        0a 40 c0 fd 02000000
        14000100 fe80000000000000fceda2fffe47d72a
        08000800 c0000000`),
    ).toEqual({
      ...plain,
      family: 6,
      interfaceIndex: 2,
      address: 'fe80::fced:a2ff:fe47:d72a',
      prefixLength: 64,
      scope: 253,
      tentative: true,
    });
  });

  it('is ignored without an address, of another family, or cut off', () => {
    expect(decode('02 20 80 00 03000000')).toBeUndefined();
    expect(decode('1c 20 80 00 03000000 08000200 0a070001')).toBeUndefined();
    expect(decode('02 20 80')).toBeUndefined();
    expect(decode('02 20 80 00 03000000 06000200 0a07')).toBeUndefined();
  });
});
