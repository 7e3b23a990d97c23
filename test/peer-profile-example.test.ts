/** The example of `config/examples/peer-profiles` gives the plan that its comments promise. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NO_LAST_GOOD, settle } from '../src/datastore/last-good.ts';
import { planFor } from '../src/datastore/plan.ts';
import { REPOSITORY } from '../tools/cache-dir.ts';
import { FILE_OPTIONS, peerNamed, yaml } from './support/resources.ts';

const DIRECTORY = join(REPOSITORY, 'config/examples/peer-profiles');
const documents = ['resources.yaml', 'peer-profiles.yaml'].flatMap((name) =>
  yaml(readFileSync(join(DIRECTORY, name), 'utf8'), name),
);
const settled = settle(NO_LAST_GOOD, { documents, broken: [] });
const { plan, problems } = planFor('node-a', settled.resources, FILE_OPTIONS);

describe('the example of PeerProfiles', () => {
  it('has nothing wrong with it', () => {
    expect([...settled.problems, ...problems]).toEqual([]);
  });

  it('gives the mesh its timers, the ToR its settings, and the rack its range', () => {
    expect(peerNamed(plan!, 'Mesh_10_0_1_12')).toMatchObject({
      holdTime: 30,
      settings: { timers: { holdTime: 30, connectRetry: 3 } },
    });
    expect(peerNamed(plan!, 'Node_10_0_1_1')).toMatchObject({
      holdTime: 9,
      remoteAs: 0,
      families: ['ipv4-unicast', 'ipv6-unicast'],
      settings: { role: 'customer', timers: { connectRetry: 3 } },
      settingsFrom: { 'timers.holdTime': 'PeerProfile/tor', asNumber: 'PeerProfile/tor' },
    });
    expect(plan!.listenRanges).toMatchObject([
      { prefix: '10.0.1.128/25', peersMax: 50, peer: { holdTime: 15, families: ['ipv4-unicast'] } },
    ]);
    expect(plan!.settings).toEqual({ maximumPaths: 8 });
  });
});
