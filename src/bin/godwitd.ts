#!/usr/bin/env node
/** The daemon: arguments to `daemon/`, nothing else. */

import { parseArguments } from '../daemon/arguments.ts';

process.exitCode = await parseArguments(process.argv.slice(2), process.env);
// Handles that a library left open must not keep a stopped daemon alive.
process.exit();
