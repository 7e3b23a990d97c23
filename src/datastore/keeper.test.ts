import { describe, expect, it } from 'vitest';
import { documents, FILE_OPTIONS, node, resource } from '../../test/support/resources.ts';
import { millis } from '../base/units.ts';
import type { RawSnapshot } from './documents.ts';
import { ConfigurationKeeper, type KeeperOptions } from './keeper.ts';

const OPTIONS: KeeperOptions = { node: 'a', plan: FILE_OPTIONS };
const A = node('a', '10.0.0.1');
const OTHERS = [2, 3, 4, 5].map((i) => node(`n${i}`, `10.0.0.${i}`));

function raw(...values: unknown[]): RawSnapshot {
  return { documents: documents(values), broken: [] };
}

function keeper(over: Partial<KeeperOptions> = {}): ConfigurationKeeper {
  return new ConfigurationKeeper({ ...OPTIONS, ...over }, millis(0));
}

describe('the keeper of the configuration', () => {
  it('gives a plan with a revision for each snapshot that changes it, and what to write down', () => {
    const one = keeper();
    const first = one.onSnapshot(raw(A), millis(0));
    expect(first.apply).toMatchObject({ revision: 1, plan: { node: 'a' } });
    expect(first.persist?.resources.map((item) => item.key)).toEqual(['Node/a']);
    const same = one.onSnapshot(raw(A), millis(1));
    expect([same.apply, same.persist]).toEqual([undefined, undefined]);
    expect(one.onSnapshot(raw(A, OTHERS[0]), millis(2)).apply?.revision).toBe(2);
  });

  it('holds a great loss for a minute, then applies it', () => {
    const one = keeper();
    one.onSnapshot(raw(A, ...OTHERS), millis(0));
    const loss = one.onSnapshot(raw(A), millis(1000));
    expect(loss.apply).toBeUndefined();
    expect(loss.persist).toBeUndefined();
    expect(loss.held).toMatchObject({ revision: 2, until: 61_000 });
    expect(loss.deadline).toBe(61_000);
    expect(one.wake(millis(60_999)).apply).toBeUndefined();
    const applied = one.wake(millis(61_000));
    expect(applied.apply).toMatchObject({ revision: 2, plan: { peers: [] } });
    expect(applied.persist?.resources).toHaveLength(1);
    expect(one.wake(millis(99_000)).apply).toBeUndefined();
  });

  it('a great loss that is undone in time has never been', () => {
    const one = keeper();
    one.onSnapshot(raw(A, ...OTHERS), millis(0));
    one.onSnapshot(raw(A), millis(1000));
    const undone = one.onSnapshot(raw(A, ...OTHERS), millis(2000));
    expect([undone.apply, undone.deadline]).toEqual([undefined, undefined]);
    expect(one.wake(millis(99_000)).apply).toBeUndefined();
  });

  it('a held plan can be released by hand, and more edits do not prolong the minute', () => {
    const one = keeper();
    one.onSnapshot(raw(A, ...OTHERS), millis(0));
    one.onSnapshot(raw(A), millis(1000));
    const again = one.onSnapshot(
      raw(A, resource('IPPool', 'p', { cidr: '10.1.0.0/16' })),
      millis(9000),
    );
    expect(again.deadline).toBe(61_000);
    expect(one.release().apply?.plan.kernel.pools).toHaveLength(1);
  });

  it('a directory that is removed file by file is lost, not edited: nothing held is applied', () => {
    const one = keeper();
    one.onSnapshot(raw(A, ...OTHERS), millis(0));
    expect(one.onSnapshot(raw(A), millis(10)).held).toBeDefined();
    expect(one.onLost('gone', millis(20)).deadline).toBeUndefined();
    expect(one.wake(millis(99_000)).apply).toBeUndefined();
    const broken = [
      {
        file: 'test.yaml',
        error: { kind: 'ConfigError', severity: 'error', code: 'Syntax', message: 'M' } as const,
      },
    ];
    const back = one.onSnapshot({ documents: documents([A]), broken }, millis(30));
    expect([back.back, back.apply, back.held]).toEqual([true, undefined, undefined]);
  });

  it('keeps what runs when the datastore is lost, says so once, and says when it is back', () => {
    const one = keeper();
    one.onSnapshot(raw(A), millis(0));
    expect(one.onLost('gone', millis(1))).toMatchObject({ lost: { reason: 'gone' } });
    expect(one.onLost('gone', millis(2)).lost).toBeUndefined();
    expect(one.view(millis(2)).lost).toBe('gone');
    const back = one.onSnapshot(raw(A), millis(3));
    expect([back.back, back.apply]).toEqual([true, undefined]);
  });

  it('starts from the last good snapshot when the datastore is away, marked stale with its age', () => {
    const stored = keeper().onSnapshot(raw(A, ...OTHERS), millis(0)).persist!;
    const one = keeper({ stored: { lastGood: stored, ageMs: millis(5000) } });
    const output = one.onLost('gone', millis(10));
    expect(output.apply?.plan.peers).toHaveLength(4);
    expect(output.lost?.reason).toBe('gone');
    expect(one.view(millis(10)).staleMs).toBe(5010);
    one.onSnapshot(raw(A, ...OTHERS), millis(20));
    expect(one.view(millis(20)).staleMs).toBeUndefined();
  });

  it('at boot a broken resource has the version of the last good snapshot', () => {
    const peer = (asNumber: unknown): unknown =>
      resource('BGPPeer', 't', { peerIP: '10.0.0.9', asNumber, filters: [] });
    const stored = keeper().onSnapshot(raw(A, peer(65000)), millis(0)).persist!;
    const one = keeper({ stored: { lastGood: stored, ageMs: millis(0) } });
    const output = one.onSnapshot(raw(A, peer('none')), millis(0));
    expect(output.apply?.plan.peers[0]?.remoteAs).toBe(65000);
    expect(output.appeared[0]).toMatchObject({ code: 'BadValue', path: 'spec.asNumber' });
  });

  it('that follows one that died says its plan again, and guards against losing what ran', () => {
    const stored = {
      lastGood: keeper().onSnapshot(raw(A, ...OTHERS), millis(0)).persist!,
      ageMs: millis(0),
    };
    const same = keeper({ stored, revision: 5 }).onSnapshot(raw(A, ...OTHERS), millis(1));
    expect(same.apply).toMatchObject({ revision: 5 });
    expect(same.apply?.plan.peers).toHaveLength(4);
    const loss = keeper({ stored, revision: 5 }).onSnapshot(raw(A), millis(1));
    expect(loss.apply).toBeUndefined();
    expect(loss.held).toMatchObject({ revision: 6 });
    const away = keeper({ stored, revision: 5 }).onLost('gone', millis(1));
    expect([away.apply, away.lost?.reason]).toEqual([undefined, 'gone']);
  });

  it('keeps the plan when the own Node is gone, and names problems only when they come and go', () => {
    const one = keeper();
    one.onSnapshot(raw(A), millis(0));
    const gone = one.onSnapshot(raw(OTHERS[0]), millis(1));
    expect(gone.apply).toBeUndefined();
    expect(gone.appeared.map((item) => item.code)).toEqual(['UnknownNode']);
    expect(one.onSnapshot(raw(OTHERS[0]), millis(2)).appeared).toEqual([]);
    expect(one.onSnapshot(raw(A), millis(3)).cleared.map((item) => item.code)).toEqual([
      'UnknownNode',
    ]);
  });
});
