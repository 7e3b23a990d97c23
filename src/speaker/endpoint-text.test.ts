/** Endpoints as people write them. */

import { expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { formatIpPort } from './endpoint-text.ts';

it('brackets IPv6 addresses only', () => {
  expect(formatIpPort({ address: ip('10.0.0.1'), port: 179 })).toBe('10.0.0.1:179');
  expect(formatIpPort({ address: ip('2001:db8::1'), port: 1179 })).toBe('[2001:db8::1]:1179');
});
