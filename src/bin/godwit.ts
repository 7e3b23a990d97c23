#!/usr/bin/env node
/** The command line: arguments to `cli/`, nothing else. */

import { main } from '../cli/main.ts';

process.exitCode = await main(process.argv.slice(2), process.env);
