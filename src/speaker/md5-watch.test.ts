/** What the kernel's TCP-MD5 counters say of a session that does not come up. */

import { describe, expect, it } from 'vitest';
import { Md5Watch } from './md5-watch.ts';

const NONE = { notFound: 5, unexpected: 5, failure: 5 };

describe('the watch over dropped segments', () => {
  it('suspects nothing at first, whatever was dropped before we looked', () => {
    const watch = new Md5Watch();
    watch.note(NONE, 0);
    expect([true, false].map((has) => watch.suspicion(has, 1))).toEqual([undefined, undefined]);
    expect(watch.dropped).toEqual({ notFound: 0, unexpected: 0, failure: 0 });
  });

  it('suspects another password, a missing one, or one too many, for those whom it can concern', () => {
    const suspicions = (['failure', 'notFound', 'unexpected'] as const).map((name) => {
      const watch = new Md5Watch();
      watch.note(NONE, 0);
      watch.note({ ...NONE, [name]: 7 }, 1000);
      expect(watch.dropped[name]).toBe(2);
      return [watch.suspicion(true, 2000), watch.suspicion(false, 2000)];
    });
    expect(suspicions).toEqual([
      [expect.stringContaining('compare the passwords'), undefined],
      [expect.stringContaining('set the password at the neighbor'), undefined],
      [undefined, expect.stringContaining('set it in the BGPPeer')],
    ]);
  });

  it('forgets when nothing has been dropped for a while', () => {
    const watch = new Md5Watch();
    watch.note(NONE, 0);
    watch.note({ ...NONE, failure: 6 }, 1000);
    expect(watch.suspicion(true, 90_000)).toBeDefined();
    expect(watch.suspicion(true, 91_000)).toBeUndefined();
  });
});
