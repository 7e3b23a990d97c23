import { describe, expect, it } from 'vitest';
import { managesTunnel, outsidePolicyFor } from './plan-options.ts';

describe('policy.outside', () => {
  it('auto is least privilege with files and Calico’s behaviour in Calico’s datastores', () => {
    expect(outsidePolicyFor('auto', 'file')).toBe('least-privilege');
    expect(outsidePolicyFor('auto', 'etcd')).toBe('calico');
    expect(outsidePolicyFor('auto', 'kubernetes')).toBe('calico');
  });

  it('what is written wins', () => {
    expect(outsidePolicyFor('calico', 'file')).toBe('calico');
    expect(outsidePolicyFor('least-privilege', 'etcd')).toBe('least-privilege');
  });
});

it('kernel.manageTunnel: auto is ours with files, where there is no Felix; what is written wins', () => {
  expect(managesTunnel('auto', 'file')).toBe(true);
  expect(managesTunnel('auto', 'etcd')).toBe(false);
  expect(managesTunnel('auto', 'kubernetes')).toBe(false);
  expect([managesTunnel(true, 'etcd'), managesTunnel(false, 'file')]).toEqual([true, false]);
});
