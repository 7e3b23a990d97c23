import { describe, expect, it } from 'vitest';
import { codesOf, problemsOf, resource } from '../../../test/support/resources.ts';

describe('Node', () => {
  const wrong: readonly [object, string[]][] = [
    [{ bgp: { ipv4Address: 'fd00::1/64' } }, ['BadValue spec.bgp.ipv4Address']],
    [{ bgp: { asNumber: 0 } }, ['BadValue spec.bgp.asNumber']],
    [{ bgp: { routeReflectorClusterID: '::1' } }, ['BadValue spec.bgp.routeReflectorClusterID']],
  ];
  for (const [spec, expected] of wrong) {
    it(`${JSON.stringify(spec)} is refused`, () => {
      expect(codesOf('Node', spec)).toEqual(expected);
    });
  }

  it('labels are texts: a number is a mistake with its remedy', () => {
    const labels = { rack: 1 };
    expect(problemsOf(resource('Node', 'a', {}, labels))).toEqual([
      expect.objectContaining({ path: 'metadata.labels.rack', remedy: 'Write "1" in quotes' }),
    ]);
  });

  it('has WireGuard addresses', () => {
    const spec = { wireguard: { interfaceIPv4Address: '10.0.0.1' } };
    expect(codesOf('Node', spec)).toEqual([]);
  });
});
