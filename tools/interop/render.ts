/** `docs/interop.md` from the results: pure text in, text out. */
import type { CellResult, FeatureResult, MatrixResults } from './results.ts';

const HEAD = `# Interoperability

Made by \`npm run docs\` from \`test/fixtures/interop/results.json\`; do not edit. Each cell is a test against the real
daemon in network namespaces (\`test/system/interop\`), which fails when it shows anything else than what stands here.

`;

/** Columns in this order, with the name that people know. */
const COLUMNS: Readonly<Record<string, string>> = {
  bird2: 'BIRD 2',
  bird1: 'BIRD 1.6',
  gobgpd: 'GoBGP',
  frr: 'FRR',
  openbgpd: 'OpenBGPD',
};

export function renderInterop(results: MatrixResults): string {
  const notes: string[] = [];
  const daemons = Object.keys(results.daemons);
  const parts = [HEAD, versions(results), ...sections(results, daemons, notes)];
  if (notes.length > 0) parts.push('## Notes\n\n', ...notes, '\n');
  return parts.join('').trimEnd().concat('\n');
}

function versions({ daemons }: MatrixResults): string {
  const lines = Object.entries(daemons).map(
    ([name, version]) => `| ${COLUMNS[name] ?? name} | ${version} |\n`,
  );
  return `| daemon | what it says of itself |\n| --- | --- |\n${lines.join('')}\n✓ shown · n/a: the daemon has no such thing, as its documentation says\n\n`;
}

function sections(results: MatrixResults, daemons: readonly string[], notes: string[]): string[] {
  const names = [...new Set(results.features.map(({ section }) => section))];
  const head = ['feature', 'RFC', ...daemons.map((name) => COLUMNS[name] ?? name)];
  return names.map((name) => {
    const rows = results.features
      .filter(({ section }) => section === name)
      .map((feature) => row(feature, daemons, notes));
    const rule = head.map(() => '---');
    return `## ${name}\n\n| ${head.join(' | ')} |\n| ${rule.join(' | ')} |\n${rows.join('')}\n`;
  });
}

function row(feature: FeatureResult, daemons: readonly string[], notes: string[]): string {
  const title = `${feature.title.charAt(0).toUpperCase()}${feature.title.slice(1)}`;
  const cells = daemons.map((daemon) => cell(feature, daemon, notes));
  return `| ${[title, feature.rfcs.join(', '), ...cells].join(' | ')} |\n`;
}

/** @throws {Error} An empty cell: the matrix has none. */
function cell(feature: FeatureResult, daemon: string, notes: string[]): string {
  const result: CellResult | undefined = feature.cells[daemon];
  if (result === undefined) throw new Error(`Nobody has tried ${feature.id} with ${daemon}`);
  const text = result.notApplicable ?? result.shown ?? '';
  const mark = result.notApplicable === undefined ? '✓' : 'n/a';
  return text === '' ? mark : `${mark} [${numberOf(text, daemon, notes)}](#notes)`;
}

/** One number for one text of one daemon. */
function numberOf(text: string, daemon: string, notes: string[]): number {
  const line = `${COLUMNS[daemon] ?? daemon}: ${text}.\n`;
  const known = notes.findIndex((note) => note.endsWith(`. ${line}`));
  if (known >= 0) return known + 1;
  notes.push(`${notes.length + 1}. ${line}`);
  return notes.length;
}
