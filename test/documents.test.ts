/**
 * What the documents tell people to type and to write is tried: commands parse, YAML passes the validators that the
 * daemon has, and the tables of keys and fields are those that the program knows, no more and no fewer.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { BIRD_COMMANDS } from '../src/api/bird/commands.ts';
import { BirdStage } from '../src/api/testing/bird.ts';
import { COMMANDS } from '../src/cli/commands/table.ts';
import { buildProgram } from '../src/cli/program.ts';
import { parseArguments } from '../src/daemon/arguments.ts';
import { readSettings, type SettingsResult } from '../src/daemon/config.ts';
import { NO_LAST_GOOD, settle } from '../src/datastore/last-good.ts';
import { parseYamlFile } from '../src/io/yaml-documents.ts';
import { REPOSITORY } from '../tools/cache-dir.ts';
import { DEMO } from '../tools/fabric/topology.ts';
import { eventFields, referencePages } from '../tools/reference/pages.ts';
import { EXAMPLE_FILE } from '../tools/reference/peer-profile.ts';
import { node, planOf, resource } from './support/resources.ts';

const DOCUMENTS = ['README.md', ...markdownBelow('docs')];

function markdownBelow(folder: string): string[] {
  const entries = readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' });
  return entries.filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`);
}

function read(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8');
}

interface Block {
  readonly file: string;
  readonly language: string;
  readonly text: string;
}

const BLOCKS: readonly Block[] = DOCUMENTS.flatMap((file) =>
  [...read(file).matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].map(([, indent, language, text]) => ({
    file,
    language: language!,
    text: text!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  })),
);

const LINES = BLOCKS.filter(({ language }) => /^(console|sh)$/.test(language)).flatMap(
  ({ file, text }) =>
    text.split('\n').flatMap((line) => {
      const words = wordsOf(line.replace(/\s#.*$/, '').replace(/\s[>|&].*$/, ''));
      const at = words.findIndex((word) => word === 'godwit' || word === 'godwitd');
      const typed = at === 0 || words[0] === 'docker' ? words.slice(at) : [];
      return at < 0 || typed.length === 0 ? [] : [{ file, words: typed }];
    }),
);

/** As a shell splits them, as far as documents quote. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

async function parsed(words: readonly string[]): Promise<string> {
  let complaint = '';
  let reached = '';
  const streams = {
    write: () => undefined,
    writeError: (text: string) => {
      complaint += text;
    },
  };
  const program = buildProgram(COMMANDS, streams, async ({ path }) => {
    reached = path.join(' ');
  });
  await program.parseAsync([...words], { from: 'user' }).catch(() => undefined);
  return complaint === '' ? reached : complaint;
}

function settings(text: string): SettingsResult {
  return readSettings({ file: 'godwit.yaml', text, env: {}, hostName: 'node-a' });
}

describe('documents', () => {
  it('show commands, of every kind', () => {
    expect(LINES.length).toBeGreaterThan(40);
    const shown = new Set(LINES.map(({ words }) => words.slice(1).join(' ')));
    for (const { path } of COMMANDS) {
      expect([...shown].some((words) => words.includes(path.join(' ')))).toBe(true);
    }
  });

  it.each(LINES)(
    '$file: $words is a command that parses',
    async ({ words: [program, ...rest] }) => {
      if (program === 'godwit') {
        const reached = await parsed(rest);
        expect(COMMANDS.map(({ path }) => path.join(' '))).toContain(reached);
      } else expect(parseArguments(rest)).toMatchObject({ action: expect.any(String) });
    },
  );

  const yamls = BLOCKS.filter(({ language }) => language === 'yaml');
  it.each(yamls)('$file: YAML passes the daemon’s own validators: $text', ({ text }) => {
    if (!text.includes('apiVersion:')) {
      const { problems } = settings(text);
      expect(problems).toEqual([]);
      return;
    }
    const found = parseYamlFile('documents.yaml', text);
    if (!found.ok) throw new Error(found.error.message);
    expect(found.documents.length).toBeGreaterThan(0);
    const { problems } = settle(NO_LAST_GOOD, { documents: found.documents, broken: [] });
    expect(problems).toEqual([]);
  });

  it.each(DOCUMENTS)('%s links to files that are there', (file) => {
    for (const [, target] of read(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      const path = join(REPOSITORY, dirname(file), target!);
      expect([target, existsSync(path)]).toEqual([target, true]);
    }
  });
});

/** First cells of the tables of `text`: the names in backquotes in them. */
function namesIn(text: string): string[] {
  const cells = [...text.matchAll(/^\| (`[^|]*`) \|/gm)].map((match) => match[1]!);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
}

/** What the remedy for an unknown key says is known. */
function knownOf(problems: readonly { message: string; remedy?: string }[]): string[] {
  const known = problems.map(({ remedy }) => /^Known here: (.*)$/.exec(remedy ?? '')?.[1]);
  return known.find((list) => list !== undefined)?.split(', ') ?? [];
}

describe('docs/bird-sockets.md', () => {
  const text = read('docs/bird-sockets.md');
  const typed = [...text.matchAll(/^birdc -s \S+\/bird6?\.ctl (.*)$/gm)].map((match) =>
    match[1]!.replaceAll("'", ''),
  );

  it.each(typed)('%s is a command that is not refused', (line) => {
    const bird = new BirdStage();
    bird.stage.up();
    expect(bird.ask(line)).toMatch(/(^|\n)[01]\d{3} .*\n$/);
  });

  it('shows every command', () => {
    const own = BIRD_COMMANDS.filter(({ help }) => !help.startsWith('Show that there is no'));
    for (const { words } of own) {
      expect(typed.some((line) => `${line} `.startsWith(`${words.join(' ')} `))).toBe(true);
    }
  });
});

describe('docs/reference/config.md', () => {
  const rows = [
    ...read('docs/reference/config.md').matchAll(/^\| `([\w.]+)` \| (?:`([^`]*)`)? ?\| /gm),
  ];
  const keys = rows.map((row) => row[1]!);

  it('has every key, and no other', () => {
    const top = knownOf(settings('zzzzzz: 1').problems);
    const all = top.flatMap((name) => {
      const inner = knownOf(settings(stringify({ [name]: { zzzzzz: 1 } })).problems);
      return name === 'nodeName' ? [name] : inner.map((key) => `${name}.${key}`);
    });
    expect(all.length).toBeGreaterThan(12);
    expect([...keys].sort()).toEqual(all.sort());
  });

  it('has the defaults that the daemon has', () => {
    const nothing = settings('').settings;
    for (const [, key, value] of rows) {
      if (value === undefined) continue;
      const [section, name] = key!.split('.');
      const written = stringify({ [section!]: { [name!]: parse(value) as unknown } });
      expect([key, settings(written).settings]).toEqual([key, nothing]);
    }
  });
});

describe('docs/reference/resources.md', () => {
  const text = read('docs/reference/resources.md');
  const section = (kind: string): string =>
    new RegExp(`^## ${kind}$(.*?)(?=^## |$(?![\\s\\S]))`, 'ms').exec(text)?.[1] ?? '';

  it.each([
    ['BGPConfiguration', resource('BGPConfiguration', 'default', { zzzzzz: 1 })],
    ['BGPPeer', resource('BGPPeer', 'p', { peerIP: '10.0.0.9', asNumber: 64601, zzzzzz: 1 })],
    ['IPPool', resource('IPPool', 'p', { cidr: '10.1.0.0/16', zzzzzz: 1 })],
    [
      'BlockAffinity',
      resource('BlockAffinity', 'b', { node: 'a', cidr: '10.1.0.0/26', zzzzzz: 1 }),
    ],
  ])('has every field of %s, and no other', (kind, value) => {
    const known = knownOf(planOf('a', [node('a', '10.0.0.1'), value]).problems);
    expect(known.length).toBeGreaterThan(4);
    // Read in a way of its own, so that the remedy for an unknown field does not name it.
    const unlisted = kind === 'BGPConfiguration' ? ['prefixAdvertisements'] : [];
    expect(namesIn(section(kind)).sort()).toEqual([...new Set([...known, ...unlisted])].sort());
  });

  it('has every field of Node and BGPFilter, and no other', () => {
    const outer = knownOf(planOf('a', [resource('Node', 'a', { zzzzzz: 1 })]).problems);
    const inner = knownOf(planOf('a', [node('a', '10.0.0.1', { zzzzzz: 1 })]).problems);
    expect(namesIn(section('Node')).sort()).toEqual([...new Set([...outer, ...inner])].sort());
    const filter = (spec: object): string[] =>
      knownOf(planOf('a', [node('a', '10.0.0.1'), resource('BGPFilter', 'f', spec)]).problems);
    const rule = filter({ importV4: [{ action: 'Accept', zzzzzz: 1 }] });
    expect(namesIn(section('BGPFilter')).sort()).toEqual(
      [...filter({ zzzzzz: 1 }), ...rule].sort(),
    );
  });
});

describe('the generated reference', () => {
  const events = read('src/speaker/events.ts');
  const pages = referencePages({
    proto: read('proto/godwit/v1/godwit.proto'),
    events,
    profiles: read(EXAMPLE_FILE),
  });

  it('names the fields of every event', () => {
    const fields = eventFields(events);
    expect(fields.get('session-up')).toEqual(['peer', 'address', 'remoteAs', 'families']);
    expect(fields.get('end-of-rib')).toEqual(['peer', 'family']);
    expect(fields.get('peer-removed')).toEqual(['peer', 'address', 'reason']);
    expect([...fields.values()].every((names) => names.length > 0)).toBe(true);
  });

  it('has every method, message and field of the proto', () => {
    const api = pages.get('api.md')!;
    const proto = read('proto/godwit/v1/godwit.proto');
    for (const [, name] of proto.matchAll(/^message (\w+)/gm))
      expect(api).toContain(`### ${name}\n`);
    for (const [, name] of proto.matchAll(/^ {2}rpc (\w+)/gm))
      expect(api).toContain(`| \`${name}\` |`);
    const fields = [...proto.matchAll(/^ {2}(?:\w+ )?[\w.]+ (\w+) = \d+;/gm)];
    expect(api.match(/^\| `\w+` \| (?:repeated |optional )?\w+ \|/gm)).toHaveLength(fields.length);
  });
});

describe('docs/calico-compatibility.md', () => {
  const text = read('docs/calico-compatibility.md');
  const begin = text.indexOf('## Field by field');
  const rows = text
    .slice(begin, text.indexOf('\n## ', begin + 1))
    .split('\n')
    .filter((line) => /^\| (?!Field or rule)/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

  it('has no empty row, and no state but the four', () => {
    expect(rows.length).toBeGreaterThan(150);
    for (const row of rows) {
      expect(row).toHaveLength(3);
      for (const cell of row) expect([row[0], cell]).not.toEqual([row[0], '']);
      expect(row[1]).toMatch(/^(same|better: .+|not applicable: .+|not yet: .+|same: .+)$/);
    }
  });

  it.each(rows)('%s is shown by a test that is there', (name, state, shown) => {
    if (shown === '–') {
      expect([name, state]).toEqual([name, expect.stringMatching(/^not applicable/)]);
      return;
    }
    const [, file, title] = /^`([^`]+\.ts)`: (.+)$/.exec(shown!) ?? [];
    const path = file?.startsWith('test/') === true ? file : `src/${file}`;
    expect([path, existsSync(join(REPOSITORY, path))]).toEqual([path, true]);
    const key = new RegExp(`^ {2}'?${title}'?: \\{$`, 'm');
    if (path.endsWith('situations.ts')) expect(read(path)).toMatch(key);
    else expect(read(path).includes(title!)).toBe(true);
  });

  it('has a row for every field of the resources that godwit reads', () => {
    const named = new Set(namesInCells(rows.map((row) => row[0]!)));
    for (const kind of ['BGPConfiguration', 'BGPPeer', 'BGPFilter', 'IPPool', 'BlockAffinity']) {
      const wrong = resource(kind, 'default', { zzzzzz: 1, cidr: '10.1.0.0/16', node: 'a' });
      const missing = knownOf(planOf('a', [wrong]).problems).filter((field) => !named.has(field));
      expect([kind, missing.filter((field) => !SPOKEN_OF.includes(field))]).toEqual([kind, []]);
    }
  });
});

/** Names in backquotes. */
function namesInCells(cells: readonly string[]): string[] {
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
}

/** Fields of which a row speaks in other words, or that are no fields of Calico's any more. */
const SPOKEN_OF: readonly string[] = [
  ...['importV4', 'exportV4', 'importV6', 'exportV6'], // 1.3: their rules
  ...['node', 'type', 'failureDetectionMode', 'nat-outgoing', 'ipip'],
];

/** Pages whose configuration is that of a topology, which `--check` of that topology runs. */
const PLAYED = [
  { page: 'docs/dual-tor.md', topology: 'dual-tor' },
  { page: 'docs/route-reflectors.md', topology: 'reflectors' },
] as const;

describe.each(PLAYED)('$page', ({ page, topology }) => {
  const folder = join('config/containerlab', topology);
  const files = readdirSync(join(REPOSITORY, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  const blocks = BLOCKS.filter(
    ({ file, language }) => file === page && !/^(console|sh)$/.test(language),
  );

  it.each(blocks)('shows $language that stands in the topology: $text', ({ text }) => {
    expect(files.some((content) => content.includes(text.trimEnd()))).toBe(true);
  });

  it('names the topology that is run', () => {
    expect(read(page)).toContain(`npm start -- --topology ${folder}.clab.yml --check`);
  });
});

describe('containerlab and compose in documents', () => {
  const lines = BLOCKS.filter(({ language }) => language === 'sh').flatMap(({ file, text }) =>
    text.split('\n').map((line) => ({ file, line })),
  );

  it.each(lines.filter(({ line }) => line.includes('--topo')))(
    '$file: $line names a topology that is there',
    ({ line }) => {
      const name = /(?:config\/containerlab\/)?([\w-]+\.clab\.yml)/.exec(line)?.[1] ?? '?';
      expect(existsSync(join(REPOSITORY, 'config/containerlab', name))).toBe(true);
    },
  );

  it('name containers and services that their files have', () => {
    const compose = parse(read('docker-compose.yml'), { merge: true }) as { services: object };
    for (const { line } of lines) {
      const service = /^docker compose exec (\S+)/.exec(line)?.[1];
      if (service !== undefined) expect(Object.keys(compose.services)).toContain(service);
      const container = /^docker exec clab-godwit-(\S+)/.exec(line)?.[1];
      if (container !== undefined) expect(DEMO.nodes.map(({ name }) => name)).toContain(container);
    }
  });
});
