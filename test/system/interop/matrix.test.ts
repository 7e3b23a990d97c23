/**
 * The interop matrix: every feature with every real daemon, six cells at a time. A cell that shows something else than
 * `test/fixtures/interop/results.json` says fails; UPDATE_GOLDEN=1 writes that file anew, and `npm run docs` makes
 * `docs/interop.md` of it. One cell: `-t 'session-ipv4 bird2'`.
 */
import { afterAll, expect, it } from 'vitest';
import type { CellResult, FeatureResult } from '../../../tools/interop/results.ts';
import { whyNotApplicable } from '../../support/interop/abilities.ts';
import { DAEMONS, type DaemonName } from '../../support/interop/daemon.ts';
import { findPeer } from '../../support/peers.ts';
import { describeWith } from '../../support/requirements.ts';
import type { Feature } from './feature.ts';
import { FEATURES } from './features.ts';
import { readRecorded, writeRecorded } from './results.ts';
import { Stage } from './stage.ts';

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bridge', 'native', 'unshare', ...DAEMONS] as const;
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

describeWith(NEEDS, 'godwit and five other daemons', () => {
  const recorded = readRecorded();
  const seen = new Map<string, CellResult>();

  async function cell(feature: Feature, daemon: DaemonName): Promise<CellResult> {
    const notApplicable = whyNotApplicable(daemon, feature.needs);
    if (notApplicable !== undefined) return { notApplicable };
    const { stage: options = {} } = feature;
    const stage = await Stage.set(
      daemon,
      typeof options === 'function' ? options(daemon) : options,
    );
    try {
      return { shown: (await feature.run(stage)) ?? '' };
    } finally {
      await stage.strike();
    }
  }

  for (const feature of FEATURES) {
    for (const daemon of DAEMONS) {
      it.concurrent(`${feature.id} ${daemon}: ${feature.title}`, async () => {
        const result = await cell(feature, daemon);
        seen.set(`${feature.id} ${daemon}`, result);
        if (UPDATE) return;
        const known = recorded.features.find(({ id }) => id === feature.id)?.cells[daemon];
        expect(result).toEqual(known);
      });
    }
  }

  it('runs the features that the results name, with the daemons that they name', () => {
    if (UPDATE) return;
    const strip = ({ cells: _, ...rest }: FeatureResult): unknown => rest;
    const rows = FEATURES.map(({ id, section, title, rfcs }) => ({ id, section, title, rfcs }));
    expect(recorded.features.map(strip)).toEqual(rows);
    expect(recorded.daemons).toEqual(versions());
  });

  afterAll(() => {
    if (!UPDATE) return;
    const features = FEATURES.map(({ id, section, title, rfcs }) => {
      const before = recorded.features.find((one) => one.id === id)?.cells ?? {};
      const cells = DAEMONS.flatMap((daemon) => {
        const result = seen.get(`${id} ${daemon}`) ?? before[daemon];
        return result === undefined ? [] : [[daemon, result] as const];
      });
      return { id, section, title, rfcs, cells: Object.fromEntries(cells) };
    });
    writeRecorded({ daemons: versions(), features });
  });
});

function versions(): Readonly<Record<string, string>> {
  const lines = DAEMONS.map((name) => {
    const found = findPeer(name);
    return [name, 'missing' in found ? found.missing : found.version] as const;
  });
  return Object.fromEntries(lines);
}
