import { describe, expect, it } from 'vitest';
import { encodeDumpRequest, type KernelDump } from './dump-request.ts';

const request = (dump: KernelDump) => Buffer.from(encodeDumpRequest(dump, 9)).toString('hex');
const packed = (text: string) => text.replaceAll(/\s|#.*/g, '');

describe('Dump requests', () => {
  it('for routes name family, protocol and table in the strict form', () => {
    expect(request({ kind: 'routes', family: 4, protocol: 12, table: 4242 })).toBe(
      packed(`
        24000000 1a00 0103 09000000 00000000  # RTM_GETROUTE, REQUEST|DUMP
        02 00 00 00 00 0c 00 00 00000000
        08000f00 92100000                     # RTA_TABLE`),
    );
    expect(request({ kind: 'routes', family: 6 })).toBe(
      packed('1c000000 1a00 0103 09000000 00000000 0a 00 00 00 00 00 00 00 00000000'),
    );
  });

  it('for addresses ask for one family or both', () => {
    const head = '18000000 1600 0103 09000000 00000000';
    expect(request({ kind: 'addresses' })).toBe(packed(`${head} 00000000 00000000`));
    expect(request({ kind: 'addresses', family: 6 })).toBe(packed(`${head} 0a000000 00000000`));
  });

  it('for links leave statistics out', () => {
    expect(request({ kind: 'links' })).toBe(
      packed('28000000 1200 0103 09000000 00000000' + '00'.repeat(16) + '08001d00 08000000'),
    );
  });
});
