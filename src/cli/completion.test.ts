import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from './commands/table.ts';
import { completionScript } from './completion.ts';

const BASH = completionScript('bash', COMMANDS);

/** What bash offers for each of these lines, of which the last word is being typed; one bash answers all. */
function offeredFor(lines: readonly (readonly string[])[]): string[][] {
  const asked = lines.map((words) => {
    const line = ['godwit', ...words].map((word) => `'${word}'`).join(' ');
    return `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; COMPREPLY=(); _godwit; echo "\${COMPREPLY[*]}"`;
  });
  const script = [BASH, ...asked].join('\n');
  const { stdout, stderr, status } = spawnSync('bash', [], { encoding: 'utf8', input: script });
  expect([status, stderr]).toEqual([0, '']);
  const answers = stdout.split('\n').slice(0, -1);
  expect(answers).toHaveLength(lines.length);
  return answers.map((answer) => answer.split(' ').filter((word) => word !== ''));
}

function offered(...words: readonly string[]): string[] {
  return offeredFor([words])[0]!;
}

describe('completion in bash', () => {
  it('offers commands, then what follows them', () => {
    expect(offered('')).toEqual(expect.arrayContaining(['show', 'watch', 'init', '--version']));
    expect(offered('show', 'ne')).toEqual(['neighbors']);
    expect(offered('wat')).toEqual(['watch']);
    expect(offered('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  });

  it('offers the options of the command at hand, past words and values', () => {
    expect(offered('show', 'routes', '10.0.0.0/8', '--')).toEqual(
      expect.arrayContaining(['--family', '--sent', '--json', '--help']),
    );
    expect(offered('-n', 'show', 'show', 'kernel', '--d')).toEqual(['--diff']);
    expect(offered('show', 'routes', '--neighbor', 'watch', '--s')).toEqual(['--sent']);
  });

  it('offers the values of an option that has a list of them, and nothing where it cannot know', () => {
    expect(offered('show', 'routes', '--family', '')).toEqual(['ipv4', 'ipv6']);
    expect(offered('show', 'routes', '--neighbor', '')).toEqual([]);
  });

  it('knows every command and every option of the table', () => {
    const questions = COMMANDS.flatMap(({ path, options }) => [
      ...path.map((word, i) => ({ typed: [...path.slice(0, i), ''], answer: word })),
      ...Object.keys(options).map((name) => ({ typed: [...path, '--'], answer: `--${name}` })),
    ]);
    const answers = offeredFor(questions.map(({ typed }) => typed));
    for (const [i, { answer }] of questions.entries()) expect(answers[i]).toContain(answer);
    expect(questions.length).toBeGreaterThan(COMMANDS.length);
  });
});

describe('completion in other shells', () => {
  it('runs the rules of bash in zsh', () => {
    const script = completionScript('zsh', COMMANDS);
    expect(script.split('\n')[0]).toBe('#compdef godwit');
    expect(script).toContain('bashcompinit');
  });

  it('names every command and option to fish, with its summary', () => {
    const script = completionScript('fish', COMMANDS);
    for (const { path, options } of COMMANDS) {
      expect(script).toContain(`-a ${path.at(-1)} -d '`);
      for (const name of Object.keys(options)) expect(script).toContain(`-l ${name}`);
    }
    // Every line is one command with balanced quotes.
    for (const line of script.split('\n')) {
      expect(line).toMatch(/^complete -c godwit /);
      expect(line.replaceAll("\\'", '').split("'").length % 2).toBe(1);
    }
  });
});
