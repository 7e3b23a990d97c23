/**
 * The daemon with settings of a PeerProfile put on every peer of its plan, as JSON in `GODWIT_TEST_SETTINGS`: for tests
 * of what a setting does. All else is `src/bin/godwitd.ts` as it is.
 */
import type { PeerSettings } from '../../src/datastore/peer-settings.ts';
import { Speaker } from '../../src/speaker/speaker.ts';

const settings = JSON.parse(process.env['GODWIT_TEST_SETTINGS'] ?? '{}') as PeerSettings;
const { step } = Speaker.prototype;

Speaker.prototype.step = function (this: Speaker, input, now) {
  if (input.type !== 'planChanged') return step.call(this, input, now);
  const peers = input.plan.peers.map((peer) => ({ ...peer, settings }));
  return step.call(this, { ...input, plan: { ...input.plan, peers } }, now);
};

await import('../../src/bin/godwitd.ts');
