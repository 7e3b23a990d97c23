/** `godwit completion`: the script that makes a shell complete godwit's words. */

import { command } from '../command.ts';
import { completionScript, SHELLS } from '../completion.ts';

export const completion = command({
  path: ['completion'],
  summary: 'Print the script that completes commands, options and values in your shell',
  arguments: ['<shell>'],
  argumentValues: SHELLS,
  options: {},
  examples: [
    'completion bash > /etc/bash_completion.d/godwit',
    'completion zsh > /usr/local/share/zsh/site-functions/_godwit',
    'completion fish > /etc/fish/completions/godwit.fish',
  ],
  exitCodes: { 0: 'printed' },
  async run({ words, commands, out }) {
    const shell = SHELLS.find((name) => name === words[0]);
    // Any other word was refused when the command line was read.
    if (shell !== undefined) out.line(completionScript(shell, commands));
    return undefined;
  },
});
