/** The pages of `docs/reference` that are made from tables in `src/` and from the proto: pure texts. */

import { EVENT_ROWS } from '../../src/api/event-text.ts';
import { ENDPOINTS } from '../../src/api/http/routes.ts';
import { METRICS } from '../../src/api/metrics.ts';
import type { MetricSpec } from '../../src/base/metrics.ts';
import type { Command, Option } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands/table.ts';
import { GLOBAL_OPTIONS } from '../../src/cli/completion.ts';
import { LOG_ROWS } from '../../src/daemon/log-lines.ts';
import { EXIT_CODES } from '../../src/io/exit-codes.ts';
import { fenced, joined, MADE, table } from './markdown.ts';
import { peerProfilePage } from './peer-profile.ts';
import { readProto } from './proto.ts';

/** What the pages are made from and no import brings. */
export interface Texts {
  /** `proto/godwit/v1/godwit.proto`. */
  readonly proto: string;
  /** `src/speaker/events.ts`: types leave nothing behind at run time. */
  readonly events: string;
  /** `config/examples/peer-profiles/peer-profiles.yaml`, which a test runs. */
  readonly profiles: string;
}

/** File name in `docs/reference` → text. */
export function referencePages(texts: Texts): ReadonlyMap<string, string> {
  return new Map([
    ['cli.md', cliPage()],
    ['exit-codes.md', exitCodesPage()],
    ['metrics.md', metricsPage()],
    ['events.md', eventsPage(texts.events)],
    ['api.md', apiPage(texts.proto)],
    ['peer-profile.md', peerProfilePage(texts.profiles)],
  ]);
}

function cliPage(): string {
  const parts = [
    '# The command line',
    MADE,
    'Every command speaks to one daemon over its control socket. Which one: `--socket`, else `-n NODE`' +
      ' (sockets below `/run/godwit`), else `$GODWIT_SOCKET`, else `/run/godwit/godwit.sock`, else the only' +
      ' one that runs. With `--json` a listing is one JSON object a line; field names are those of the' +
      ' messages in [api.md](api.md) and stable. Lists of routes are sorted up to 10,000 rows; longer' +
      ' ones come as the tables hold them, a page at a time.',
    '## Options before every command',
    optionTable({ ...GLOBAL_OPTIONS, version: { kind: 'flag', help: 'print the version' } }),
    ...COMMANDS.flatMap(commandParts),
  ];
  return joined(parts);
}

function commandParts({ path, summary, options, examples, exitCodes, ...rest }: Command): string[] {
  const words = [...path, ...(rest.arguments ?? [])].join(' ');
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `${code}: ${meaning}`);
  return [
    `## godwit ${words}`,
    `${summary}.`,
    ...(Object.keys(options).length === 0 ? [] : [optionTable(options)]),
    fenced('console', examples.map((example) => `godwit ${example}`).join('\n')),
    `Exit codes: ${codes.join('; ')}.`,
  ];
}

function optionTable(options: Readonly<Record<string, Option>>): string {
  const rows = Object.entries(options).map(([name, { kind, values, help }]) => {
    const value =
      kind === 'flag' ? '' : ` ${values === undefined ? `<${kind}>` : values.join(' \\| ')}`;
    const short = name === 'node' ? '`-n`, ' : '';
    return [`${short}\`--${name}\`${value}`, help];
  });
  return table(['option', ''], rows);
}

function exitCodesPage(): string {
  const rows = EXIT_CODES.map(({ code, godwit = '–', godwitd = '–', remedy }) => [
    String(code),
    godwit,
    godwitd,
    remedy,
  ]);
  return joined([
    '# Exit codes',
    MADE,
    'They follow sysexits.h, are part of the contract, and never change their meaning.',
    table(['code', '`godwit`', '`godwitd`', 'what to do'], rows),
    'A program ended by a signal has the status that its shell gives it, as 130 for Ctrl-C.' +
      ' systemd does not restart the daemon after 78: nothing changes until somebody edits the configuration.',
  ]);
}

function metricsPage(): string {
  const rows = Object.entries<MetricSpec>(METRICS).map(([name, { type, help, labels }]) => [
    `\`${name}\``,
    type,
    (labels ?? []).map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return joined([
    '# Metrics',
    MADE,
    'At `/metrics` of `http.listen`, in Prometheus’ text format. Labels are bounded: `peer` by the' +
      ' configured neighbors (those of the mesh only while something is wrong with them, unless' +
      ' `metrics.mesh` says `each`), `afi_safi` by the two families, `clause` by 256, all others by the program.',
    table(['metric', 'type', 'labels', ''], rows),
  ]);
}

function eventsPage(source: string): string {
  const fields = eventFields(source);
  const rows = Object.entries(EVENT_ROWS).map(([name, { level, means }]) => [
    `\`${name}\``,
    level,
    means,
    (fields.get(name) ?? []).map((field) => `\`${field}\``).join(', '),
  ]);
  const lines = Object.entries(LOG_ROWS).map(([name, row]) => [
    `\`${name}\``,
    row.level,
    row.means,
    row.fields.map((field) => `\`${field}\``).join(', '),
  ]);
  return joined([
    '# Events',
    MADE,
    'The same events are in the log, in `godwit watch` and `godwit show events`, and at' +
      ' `/api/v1/events`. Levels are by who must act: error the operator now, warn somebody soon, info' +
      ' and debug nobody. With `--json` an event is `sequence`, `time`, `event`, `text` and `fields`, an object' +
      ' of the fields below; over gRPC and HTTP that object is the text `fieldsJson`.',
    table(['event', 'level', 'when', 'fields'], rows),
    '## What else is in the log',
    'A line of the log is JSON with `level` (a number of pino: 20 debug, 30 info, 40 warn, 50 error, 60 fatal), `time`,' +
      ' `node`, `event`, its fields and a sentence in `msg`; on a terminal it is time, level and sentence.' +
      ' Beside the events above the daemon tells of itself:',
    table(['event', 'level', 'when', 'fields'], lines),
    'No line holds a password, a key or a token: a test lets a daemon with all of them say everything that it can.',
  ]);
}

/** Event → its own fields, in the order of the type. */
export function eventFields(source: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, body] of source.matchAll(/\{([^{}]*readonly event:[^{}]*)\}/g)) {
    const members = [...body!.matchAll(/readonly (\w+)\??: ([^;]+)(?:;|$)/g)];
    const own = members.map((match) => match[1]!).filter((field) => field !== 'event');
    const names = members.find((match) => match[1] === 'event')![2]!;
    for (const [, name] of names.matchAll(/'([a-z-]+)'/g)) found.set(name!, own);
  }
  return found;
}

function apiPage(proto: string): string {
  const { methods, messages } = readProto(proto);
  const endpoints = ENDPOINTS.map(({ path, summary, parameters }) => [
    `\`${path}\``,
    summary,
    Object.entries(parameters)
      .map(([name, values]) => `\`${name}\`: ${values}`)
      .join('; '),
  ]);
  const calls = methods.map(({ name, request, reply, streams, comment }) => [
    `\`${name}\``,
    `${link(request)} → ${streams ? 'stream of ' : ''}${link(reply)}`,
    comment,
  ]);
  return joined([
    '# The API',
    MADE,
    '## gRPC',
    'Service `godwit.v1.Godwit` of `proto/godwit/v1/godwit.proto`, on the control socket' +
      ' (`control.socket`, a Unix socket of mode 0660). Fields are added, never renamed or reused.',
    table(['method', 'messages', ''], calls),
    '## HTTP',
    'At `http.listen`, reading only, for `GET` and `HEAD`. The Host header must be the address listened on or, on' +
      ' loopback, one of its names: otherwise 421. JSON has the messages below with their' +
      ' fields in lowerCamelCase, as `godwit … --json` has them. A question that makes no sense is answered with 400 and' +
      ' `{"error": …}`.',
    table(['path', '', 'parameters'], endpoints),
    '## Messages',
    ...messages.flatMap(({ name, fields }) => [
      `### ${name}`,
      fields.length === 0
        ? 'Has no fields.'
        : table(
            ['field', 'type', ''],
            fields.map((field) => [`\`${field.name}\``, field.type, field.comment]),
          ),
    ]),
  ]);
}

function link(message: string): string {
  return `[${message}](#${message.toLowerCase()})`;
}
