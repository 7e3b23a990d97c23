import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('nearest name', () => {
  it('finds a name that differs in case, in one letter, or in two letters swapped', () => {
    const names = ['peerIP', 'peerSelector', 'asNumber', 'nodeName'];
    expect(nearest('peerIp', names)).toBe('peerIP');
    expect(nearest('asNumbr', names)).toBe('asNumber');
    expect(nearest('noedName', names)).toBe('nodeName');
  });

  it('proposes nothing where nothing is near', () => {
    expect(nearest('colour', ['peerIP', 'asNumber'])).toBeUndefined();
  });

  it('prefers the nearer of two', () => {
    expect(nearest('exportV4', ['importV4', 'exportV6', 'exportV4s'])).toBe('exportV6');
  });
});
