/** Reading what Debian's tools print; the unpacking itself is proven by the tests on real peers. */

import { describe, expect, it } from 'vitest';
import { parseDepends, parseMissing } from './debian.ts';

describe('Debian packages', () => {
  it('takes the first of each alternative and drops versions and architectures', () => {
    const field = 'libc6 (>= 2.33), libssh-gcrypt-4 (>= 0.8.0) | libssh-4, python3:any, adduser\n';
    expect(parseDepends(field)).toEqual(['libc6', 'libssh-gcrypt-4', 'python3', 'adduser']);
    expect(parseDepends('')).toEqual([]);
  });

  it('finds in the output of ldd what is missing and only that', () => {
    const ldd = [
      '\tlinux-vdso.so.1 (0x00007ffd)',
      '\tlibyang.so.2 => not found',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)',
      '\tlibfrr.so.0 => not found',
    ].join('\n');
    expect(parseMissing(ldd)).toEqual(['libyang.so.2', 'libfrr.so.0']);
    expect(parseMissing('\tstatically linked\n')).toEqual([]);
  });
});
