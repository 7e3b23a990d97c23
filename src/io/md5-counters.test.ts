import { describe, expect, it } from 'vitest';
import { parseMd5Counters, readMd5Counters } from './md5-counters.ts';

const TEXT = `TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted
TcpExt: 9 1 2 3 4
IpExt: InNoRoutes InTruncatedPkts
IpExt: 0 0
`;

describe('the TCP-MD5 counters of the kernel', () => {
  it('are found by name, wherever they stand', () => {
    expect(parseMd5Counters(TEXT)).toEqual({ notFound: 1, unexpected: 2, failure: 3 });
  });

  it('are unknown where the kernel does not name them', () => {
    expect(parseMd5Counters('')).toBeUndefined();
    expect(parseMd5Counters(TEXT.replace('TCPMD5Failure', 'Other'))).toBeUndefined();
  });

  it('are there on this kernel', () => {
    expect(readMd5Counters()).toMatchObject({ failure: expect.any(Number) });
  });
});
