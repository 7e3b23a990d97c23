/** `godwit show problems`: what is wrong in the configuration that is loaded. */

import { ExitCode } from '../../io/exit-codes.ts';
import { command, JSON_FLAG } from '../command.ts';

export const showProblems = command({
  path: ['show', 'problems'],
  summary:
    'List what is wrong or without effect in the loaded configuration, and what would be right',
  options: { json: JSON_FLAG },
  examples: ['show problems', 'show problems --json'],
  exitCodes: { 0: 'no errors; warnings may be listed', 3: 'there are errors' },
  async run({ api, options, out }) {
    let errors = 0;
    let count = 0;
    for await (const problem of api().listProblems()) {
      count++;
      if (problem.severity === 'error') errors++;
      if (options.json) out.json(problem);
      else out.line(`${problem.severity}: ${problem.text}`);
    }
    if (count === 0 && !options.json) out.line('No problems');
    return errors > 0 ? ExitCode.NotSo : ExitCode.Done;
  },
});
