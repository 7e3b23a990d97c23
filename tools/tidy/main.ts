/** `npm run tidy`: the structure check. Prints `file:line rule: what; remedy`, exits 1 on an error. */

import { toolArguments } from '../arguments.ts';
import { REPOSITORY } from '../cache-dir.ts';
import { formatFinding } from './finding.ts';
import { tidy } from './tidy.ts';
import { readTree } from './tree.ts';

toolArguments({
  usage: `npm run tidy

The structure check: exit code 1 on an error. Takes no options.
`,
});

const findings = tidy(readTree(REPOSITORY));
const errors = findings.filter((finding) => finding.severity === 'error');
const warnings = findings.filter((finding) => finding.severity === 'warning');
for (const warning of warnings) console.log(`warning ${formatFinding(warning)}`);
for (const error of errors) console.log(formatFinding(error));
console.log(`structure: ${errors.length} errors, ${warnings.length} warnings`);
process.exitCode = errors.length === 0 ? 0 : 1;
