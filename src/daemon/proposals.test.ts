/** A question on its way through the daemon, over the tables of a real speaker. */

import { expect, it } from 'vitest';
import { diffPlans } from '../datastore/plan-diff.ts';
import { planOfNode } from '../sim/resources.ts';
import { stage } from '../speaker/testing/stage.ts';
import { Proposals } from './proposals.ts';

const REQUEST = { files: [], replace: true, remove: [] };

it('each part of an answer is a turn of the loop of its own', async () => {
  const s = stage({ peers: [{}, { as: 65_000 }] }).up();
  const running = planOfNode('a', s.documents);
  const without = s.documents.filter((one) => (one as { kind: string }).kind !== 'BGPPeer');
  const next = planOfNode('a', without);
  const { planRevision: revision } = s.node.view.status();
  const proposals: Proposals = new Proposals((message) => {
    if (message.type !== 'propose') return false;
    const last = { revision, next, held: undefined, problems: [], refused: '' };
    const { id } = message;
    setImmediate(() => proposals.onPart({ id, changes: diffPlans(running, next), last }));
    return true;
  });
  let turns = 0;
  let counts = true;
  const count = (): void => {
    turns++;
    if (counts) setImmediate(count);
  };
  setImmediate(count);
  const reply = await proposals.ask(REQUEST, () => s.node.view);
  counts = false;
  expect(reply.sessions.map(({ change }) => change)).toEqual(['remove', 'remove']);
  // The answer of the planner, the calls that look, the summary, the message, its octets: two of them were once one.
  expect(turns).toBeGreaterThanOrEqual(6);
});
