#!/usr/bin/env node
/** The daemon: arguments to `daemon/`, which is loaded while Node's own start is given back; nothing else. */

import { giveBackMemory } from '../daemon/give-back-memory.ts';

giveBackMemory();
const { runGodwitd } = await import('../daemon/arguments.ts');
process.exitCode = await runGodwitd(process.argv.slice(2), process.env);
// Handles that a library left open must not keep a stopped daemon alive.
process.exit();
