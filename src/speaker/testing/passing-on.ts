/** For the tests of this folder: what observers are told of a public test message in a stage of the core. */

import { prefixesOf } from '../../../test/support/vectors/plain-update.ts';
import {
  announcedIn,
  baselineUpdates,
  checkTold,
  type Judged,
  mustBe,
  SELF,
  type Side,
  withdrawals,
} from '../../../test/support/vectors/told.ts';
import type { Talk } from './observed.ts';
import type { VectorStage } from './vector-stage.ts';

/** Announces the prefixes, and makes sure that every observer hears of it. */
export function tellBaseline(stage: VectorStage, prefixes: readonly string[]): void {
  const { observed, sender, observers } = stage;
  for (const update of baselineUpdates(prefixes, sideOf(sender))) observed.say(sender, update);
  for (const observer of observers) {
    mustBe('announced before', announcedIn(observer.take(2)), prefixes);
  }
}

/** Checks what the observers were told, and takes back what the sender announced. */
export function passOn(stage: VectorStage, judged: Judged): void {
  const { observed, sender, observers } = stage;
  const standing = observed.speaker.view.status().neighbors.established;
  mustBe(
    'sessions',
    [`${standing}`],
    [`${observers.length + (judged.outcome === 'reset' ? 0 : 1)}`],
  );
  for (const observer of observers) {
    const { heard } = observer;
    checkTold({ heard, from: sideOf(sender), to: sideOf(observer) }, judged);
  }
  if (judged.outcome === 'reset' || judged.outcome === 'incomplete') return;
  for (const update of withdrawals(prefixesOf(judged.update))) observed.say(sender, update);
  for (const { heard } of observers) heard.length = 0;
}

function sideOf({ party }: Talk): Side {
  return { ebgp: party.as !== SELF.as, as4: party.as4 };
}
