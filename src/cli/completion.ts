/**
 * Completion scripts, made from the command table: commands, options and the values that options can have.
 *
 * Static text: completing a word must not start a process that connects to a daemon. zsh runs the script of bash,
 * which it can; fish has rules of its own.
 */

import type { Command, Option } from './command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Options before every command, as `main.ts` declares them. */
export const GLOBAL_OPTIONS: Readonly<Record<string, Option>> = {
  node: {
    kind: 'text',
    help: 'speak to the daemon of this node, where several run on one machine',
  },
  socket: { kind: 'path', help: 'speak to the daemon on this control socket' },
};

export function completionScript(shell: Shell, commands: readonly Command[]): string {
  if (shell === 'fish') return fishScript(commands);
  const script = bashScript(commands);
  if (shell === 'bash') return `${script}\ncomplete -F _godwit godwit`;
  const head = '#compdef godwit\nautoload -U +X bashcompinit && bashcompinit';
  return `${head}\n${script}\ncomplete -F _godwit godwit`;
}

/** What can follow the words so far: `''` → `show …`, `show` → `status neighbors …`, a whole command → its options. */
function followers(commands: readonly Command[]): Map<string, string[]> {
  const next = new Map<string, string[]>();
  const add = (path: string, word: string): void => {
    const words = next.get(path) ?? [];
    if (!words.includes(word)) words.push(word);
    next.set(path, words);
  };
  for (const definition of commands) {
    for (const [i, word] of definition.path.entries())
      add(definition.path.slice(0, i).join(' '), word);
    const path = definition.path.join(' ');
    for (const value of definition.argumentValues ?? []) add(path, value);
    for (const name of [...Object.keys(definition.options), 'help']) add(path, `--${name}`);
  }
  for (const name of [...Object.keys(GLOBAL_OPTIONS), 'version', 'help']) add('', `--${name}`);
  return next;
}

function bashScript(commands: readonly Command[]): string {
  const all = [GLOBAL_OPTIONS, ...commands.map(({ options }) => options)].flatMap(
    Object.entries,
  ) as [string, Option][];
  const valued = unique(all.filter(([, { kind }]) => kind !== 'flag').map(([name]) => `--${name}`));
  const paths = unique(all.filter(([, { kind }]) => kind === 'path').map(([name]) => `--${name}`));
  const next = followers(commands);
  const cases = [...next].map(([path, words]) => `    '${path}') words='${words.join(' ')}' ;;`);
  const branches = unique([...next.keys()].filter((path) => path !== ''));
  return `_godwit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' words='' skip='' word i
  COMPREPLY=()
  case "$previous" in
${valueCases(all)}
    ${paths.join('|')}) COMPREPLY=( $(compgen -f -- "$current") ); return ;;
    -n|${valued.join('|')}) return ;;
  esac
  for (( i = 1; i < COMP_CWORD; i++ )); do
    word="\${COMP_WORDS[i]}"
    if [ -n "$skip" ]; then skip=''; continue; fi
    case "$word" in
      -n|${valued.join('|')}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "$path\${path:+ }$word" in
      ${branches.map((path) => `'${path}'`).join('|')}) path="$path\${path:+ }$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
}`;
}

/** `--family ipv4|ipv6`: an option that several commands have has the same values in all of them. */
function valueCases(options: readonly (readonly [string, Option])[]): string {
  const lines = options.flatMap(([name, { values }]) =>
    values === undefined
      ? []
      : [
          `    --${name}) COMPREPLY=( $(compgen -W '${values.join(' ')}' -- "$current") ); return ;;`,
        ],
  );
  return unique(lines).join('\n');
}

function fishScript(commands: readonly Command[]): string {
  const lines = ['complete -c godwit -f'];
  for (const [name, option] of Object.entries(GLOBAL_OPTIONS)) {
    const short = name === 'node' ? ' -s n' : '';
    lines.push(`complete -c godwit${short} ${fishOption(name, option)}`);
  }
  lines.push("complete -c godwit -l version -d 'print the version'");
  const groups = unique(commands.flatMap(({ path }) => (path.length > 1 ? [path[0]!] : [])));
  for (const group of groups) {
    lines.push(
      `complete -c godwit -n __fish_use_subcommand -a ${group} -d 'Show what the daemon knows'`,
    );
  }
  for (const { path, summary, options, argumentValues } of commands) {
    const last = path.at(-1)!;
    const parent = path.slice(0, -1);
    const siblings = commands
      .filter((other) => other.path[0] === path[0])
      .map((other) => other.path.at(-1)!);
    const before =
      parent.length === 0
        ? '__fish_use_subcommand'
        : `'__fish_seen_subcommand_from ${parent[0]}; and not __fish_seen_subcommand_from ${siblings.join(' ')}'`;
    lines.push(`complete -c godwit -n ${before} -a ${last} -d ${quoted(summary)}`);
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    if (argumentValues !== undefined) {
      lines.push(`complete -c godwit -n '${seen}' -a '${argumentValues.join(' ')}'`);
    }
    for (const [name, option] of Object.entries(options)) {
      lines.push(`complete -c godwit -n '${seen}' ${fishOption(name, option)}`);
    }
  }
  return lines.join('\n');
}

function fishOption(name: string, { kind, values, help }: Option): string {
  const takes = kind === 'flag' ? '' : kind === 'path' ? ' -r -F' : ' -x';
  const choices = values === undefined ? '' : ` -a '${values.join(' ')}'`;
  return `-l ${name}${takes}${choices} -d ${quoted(help)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
