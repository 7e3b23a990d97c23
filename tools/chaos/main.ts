/** `npm run chaos`: rounds of acts, each followed by a quiet point, until the time is over or something is wrong. */

import { Prng } from '../../src/base/prng.ts';
import { refuseArguments } from '../arguments.ts';
import { buildShim } from '../shim.ts';
import { type Done, drawAct, Victims } from './acts.ts';
import { checkQuiet } from './checks.ts';
import { HELP, type Options, optionsFrom } from './options.ts';
import { World } from './world.ts';

const ACTS_A_ROUND_MAX = 5;
/** sysexits.h: EX_NOPERM. */
const EX_NOPERM = 77;
/** Of the daemon's log, printed with a failure. */
const LOG_LINES = 60;

async function main(): Promise<number> {
  let options: Options;
  try {
    options = optionsFrom(process.argv.slice(2));
  } catch (error) {
    return refuseArguments((error as Error).message, HELP);
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write('Chaos needs a kernel of its own to write to: run it as root\n');
    return EX_NOPERM;
  }
  await buildShim();
  const world = new World();
  try {
    await world.build();
    return await run(world, options);
  } finally {
    await world.lab.destroy();
  }
}

async function run(world: World, { seed, minutes }: Options): Promise<number> {
  const victims = new Victims(new Prng(seed));
  const end = performance.now() + minutes * 60_000;
  const first = await checkQuiet(world, [], 0);
  if (first.length > 0) return fail(world, seed, { round: 0, did: [], problems: first });
  let acts = 0;
  let round = 1;
  for (; performance.now() < end; round++) {
    const before = world.godwit.events().length;
    const done = await act(world, victims);
    acts += done.length;
    const problems = await checkQuiet(world, done, before);
    const did = done.map(({ what }) => what);
    if (problems.length > 0) return fail(world, seed, { round, did, problems });
    say(`round ${round}: ${did.join('; ')}`);
  }
  const restored = world.godwit.events('route-restored').length;
  const overruns = world.godwit.events('kernel-overrun').length;
  say(
    `${acts} acts in ${round - 1} rounds: kernel = Loc-RIB at every quiet point, no foreign route touched; ${restored} repairs told, ${overruns} overruns`,
  );
  return 0;
}

/** Some acts at once, and the undoing of those that must not last. */
async function act(world: World, victims: Victims): Promise<Done[]> {
  const done: Done[] = [];
  for (let left = 1 + victims.prng.below(ACTS_A_ROUND_MAX); left > 0; left--) {
    // A link that is down lets little else be done: undone before the next.
    const one = await drawAct(victims.prng)(world, victims);
    if (one === undefined) continue;
    done.push(one);
    await one.undo?.();
  }
  return done;
}

function fail(
  world: World,
  seed: number,
  found: {
    readonly round: number;
    readonly did: readonly string[];
    readonly problems: readonly string[];
  },
): number {
  const { round, did, problems } = found;
  say(`round ${round} failed after: ${did.join('; ')}`);
  for (const problem of problems.slice(0, 20)) say(`  ${problem}`);
  const lines = world.godwit.log().trimEnd().split('\n').slice(-LOG_LINES);
  say(`the daemon's last words:\n${lines.join('\n')}`);
  say(`repeat it: npm run chaos -- --seed ${seed}`);
  return 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
