import { describe, expect, it } from 'vitest';
import { profile } from '../../../test/support/any-profile.ts';
import { checkDocument } from '../../datastore/validate.ts';
import { documentAt, isListed, listedRanges, watchedRanges } from './etcd-keys.ts';

const ROOT = '/calico/resources/v3/projectcalico.org';
const BLOCKS = '/calico/ipam/v2/host/n1';

function text(kind: string, name: string): string {
  const spec = kind === 'IPPool' ? { cidr: '10.1.0.0/16' } : {};
  return JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec });
}

function codeAt(key: string, value: string): string | undefined {
  const document = documentAt(key, value, 'n1');
  return document !== undefined && 'error' in document ? document.error.code : undefined;
}

describe("Calico's keys", () => {
  it('that are watched hold all that are listed', () => {
    for (const { key, end } of listedRanges('n1')) {
      const around = watchedRanges('n1').some((range) => range.key <= key && end <= range.end);
      expect([key, around]).toEqual([key, true]);
    }
  });

  it('are told from their neighbors, and blocks from those of other nodes', () => {
    const cases: readonly [string, boolean][] = [
      [`${ROOT}/nodes/n1`, true],
      ['/calico/resources/v3/godwit.dev/peerprofiles/tor', true],
      ['/calico/resources/v3/godwit.dev/others/tor', false],
      [`${ROOT}/peerprofiles/tor`, false],
      [`${ROOT}/nodesets/x`, false],
      [`${ROOT}/globalnetworkpolicies/x`, false],
      [`${ROOT}/workloadendpoints/x`, false],
      [`${BLOCKS}/ipv4/block/10.1.2.0-26`, true],
      ['/calico/ipam/v2/host/n10/ipv4/block/10.1.2.0-26', false],
    ];
    for (const [key, listed] of cases) expect([key, isListed(key, 'n1')]).toEqual([key, listed]);
  });

  it('give the resource that stands there', () => {
    const document = documentAt(`${ROOT}/ippools/p`, text('IPPool', 'p'), 'n1');
    expect(document).toMatchObject({ file: `${ROOT}/ippools/p`, value: { kind: 'IPPool' } });
  });

  it('give a PeerProfile, which stands below its own group', () => {
    const key = '/calico/resources/v3/godwit.dev/peerprofiles/tor';
    const document = documentAt(key, JSON.stringify(profile('tor', { order: 1 })), 'n1');
    if (document === undefined || 'error' in document) throw new Error(key);
    expect(checkDocument(document)[0]).toMatchObject({ key: 'PeerProfile/tor', problems: [] });
    expect(codeAt(key, JSON.stringify(profile('other', {})))).toBe('Misplaced');
  });

  it('give affinities of both families, also those without a value', () => {
    for (const [key, value, spec] of [
      [
        'ipv4/block/10.1.2.0-26',
        '{"state":"pending","deleted":true}',
        ['10.1.2.0/26', 'pending', true],
      ],
      ['ipv6/block/fd00:1::-122', '', ['fd00:1::/122', 'confirmed', false]],
      ['ipv4/block/10.1.3.0-26', '{"state":""}', ['10.1.3.0/26', 'confirmed', false]],
    ] as const) {
      const document = documentAt(`${BLOCKS}/${key}`, value, 'n1');
      if (document === undefined || 'error' in document) throw new Error(key);
      const [checked] = checkDocument(document);
      expect(checked?.problems).toEqual([]);
      const { cidr, state, deleted, node } = checked!.entry!.value as never;
      expect([cidr, state, deleted, node]).toEqual([...spec, 'n1']);
    }
  });

  it('that hold what they should not are named, and nothing is made of them', () => {
    expect(codeAt(`${ROOT}/nodes/a`, '{')).toBe('Syntax');
    expect(codeAt(`${ROOT}/nodes/a`, 'null')).toBe('Misplaced');
    expect(codeAt(`${ROOT}/nodes/a`, text('Node', 'b'))).toBe('Misplaced');
    expect(codeAt(`${ROOT}/nodes/a`, text('IPPool', 'a'))).toBe('Misplaced');
    expect(codeAt(`${BLOCKS}/ipv4/block/10.1.2.0-26`, '{')).toBe('Syntax');
    expect(documentAt(`${BLOCKS}/other`, 'x', 'n1')).toBeUndefined();
  });
});
