/** The few forms of Markdown that the generated pages have. */

export const MADE = 'Made by `npm run docs` from the tables of the program; do not edit.';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function escaped(cell: string): string {
  return cell.replace(/(?<!\\)\|/g, '\\|').replace(/<(?=[a-z])/g, '\\<');
}

export function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

export function joined(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}
