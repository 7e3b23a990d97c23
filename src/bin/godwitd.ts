#!/usr/bin/env node
/** The daemon: arguments to `daemon/`, nothing else. */

import { runGodwitd } from '../daemon/arguments.ts';

process.exitCode = await runGodwitd(process.argv.slice(2), process.env);
// Handles that a library left open must not keep a stopped daemon alive.
process.exit();
