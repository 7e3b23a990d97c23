/** Faults: what is kept of them, how many, and as text. */
import { describe, expect, it } from 'vitest';
import { EBGP, hex, judge, MANDATORY, NLRI, update } from './testing/fixtures.ts';
import {
  FAULT_DATA_LENGTH_MAX,
  FAULTS_PER_UPDATE_MAX,
  formatUpdateFault,
} from './update-faults.ts';

describe('UpdateFault', () => {
  it('names attribute, reason and action, and keeps the attribute as received', () => {
    const { faults } = judge(
      update({ attributes: `${MANDATORY} c0 08 05 ffff000100`, nlri: NLRI }),
      EBGP,
    );
    expect(faults.map(formatUpdateFault)).toEqual([
      'COMMUNITIES: Length is not a non-zero multiple of 4 (treat-as-withdraw)',
    ]);
    expect(faults[0]).toMatchObject({ code: 3, subcode: 5, attribute: 8 });
    expect(faults[0]!.data).toEqual(hex('c0 08 05 ffff000100'));
  });

  it('keeps so many octets of an attribute and no more', () => {
    const attributes = `${MANDATORY} d0 08 0801 ${'00'.repeat(2049)}`;
    const { faults } = judge(update({ attributes, nlri: NLRI }), EBGP);
    expect(faults[0]!.data).toHaveLength(FAULT_DATA_LENGTH_MAX);
  });

  it('keeps so many faults of an UPDATE and no more, but always the worst', () => {
    const repeated = '40 06 00 '.repeat(100);
    const attributes = `${MANDATORY} ${repeated} 40 63 00`;
    const { action, faults } = judge(update({ attributes, nlri: NLRI }), EBGP);
    expect(action).toBe('session-reset');
    expect(faults).toHaveLength(FAULTS_PER_UPDATE_MAX);
    expect(faults.some((fault) => fault.action === 'session-reset')).toBe(true);
  });
});
