import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import {
  decodeSockaddr,
  type Endpoint,
  encodeSockaddr,
  encodeUnixSockaddr,
  formatEndpoint,
} from './sockaddr.ts';

const hex = (endpoint: Endpoint) => Buffer.from(encodeSockaddr(endpoint)).toString('hex');

describe('sockaddr', () => {
  it('has port and address in network order, family and scope in the host’s', () => {
    expect(hex({ address: ip('10.0.0.1'), port: 179 })).toBe(`020000b30a000001${'0'.repeat(16)}`);
    expect(hex({ address: ip('fe80::1'), port: 179, scopeId: 3 })).toBe(
      '0a0000b300000000fe80000000000000000000000000000103000000',
    );
  });

  it.each<Endpoint>([
    { address: ip('10.0.0.1'), port: 65_535 },
    { address: ip('fd00::1'), port: 1 },
    { address: ip('fe80::1'), port: 179, scopeId: 7 },
  ])('is read back as it was written: %o', (endpoint) => {
    expect(decodeSockaddr(encodeSockaddr(endpoint))).toEqual(endpoint);
  });

  it('of another family is no endpoint', () => {
    expect(decodeSockaddr(new Uint8Array(128))).toBeUndefined();
  });

  it('is shown with brackets around IPv6 and the scope of a link-local address', () => {
    expect(formatEndpoint({ address: ip('10.0.0.1'), port: 179 })).toBe('10.0.0.1:179');
    expect(formatEndpoint({ address: ip('fd00::1'), port: 179 })).toBe('[fd00::1]:179');
    const scoped = { address: ip('fe80::1'), port: 179, scopeId: 3 };
    expect(formatEndpoint(scoped)).toBe('[fe80::1%3]:179');
  });

  it('of a Unix socket is a path with its zero, or an abstract name without', () => {
    const unix = (path: string) => Buffer.from(encodeUnixSockaddr(path)!).toString('latin1');
    expect(unix('/run/n')).toBe('\x01\0/run/n\0');
    expect(unix('@n')).toBe('\x01\0\0n');
    expect(encodeUnixSockaddr('/'.padEnd(108, 'x'))).toBeUndefined();
  });
});
