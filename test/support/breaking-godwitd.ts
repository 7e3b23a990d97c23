/**
 * The daemon with two faults put into it from outside: an assertion breaks where NLRI of 10.66.0.0/16 are announced,
 * and one about what all peers share where NLRI of 10.67.0.0/16 are. All else is `src/bin/godwitd.ts` as it is.
 */
import { assert, assertShared } from '../../src/base/assert.ts';
import { Rib } from '../../src/rib/rib.ts';

const { announce } = Rib.prototype;

Rib.prototype.announce = function (this: Rib, peer, nlri, attributes) {
  const [first, second] = nlri.octets.subarray(nlri.start + 1, nlri.end);
  assert(!(first === 10 && second === 66), 'nobody announces 10.66.0.0/16');
  assertShared(!(first === 10 && second === 67), 'nobody announces 10.67.0.0/16');
  return announce.call(this, peer, nlri, attributes);
};

await import('../../src/bin/godwitd.ts');
