/**
 * One TypeScript file as the checks see it: imports, exports, functions, identifiers and comments,
 * each with its line. Parsed by oxc, because TypeScript 7 has no JavaScript API to rely on.
 */

import { type Node, type Program, parseSync, visitorKeys } from 'oxc-parser';

export interface ImportedFrom {
  readonly specifier: string;
  readonly line: number;
  /** Names taken; `*` for a namespace, a dynamic import or a re-export of everything. */
  readonly names: readonly string[];
}
export interface ExportedName {
  readonly name: string;
  readonly line: number;
  readonly isType: boolean;
  /** Declared elsewhere and handed on. */
  readonly reExport: boolean;
}
export interface FunctionFacts {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
  readonly isAsync: boolean;
}
export interface NameUse {
  readonly name: string;
  readonly line: number;
}
export interface CommentFacts {
  readonly text: string;
  readonly line: number;
  readonly isBlock: boolean;
}
export interface SourceFile {
  /** Relative to the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly imports: readonly ImportedFrom[];
  readonly exports: readonly ExportedName[];
  readonly functions: readonly FunctionFacts[];
  /** Identifiers in the place of a variable or type (never a property name), and `a.b` members. */
  readonly names: readonly NameUse[];
  readonly awaits: readonly number[];
  readonly comments: readonly CommentFacts[];
  /** Whether anything of it is left at run time. */
  readonly hasCode: boolean;
  readonly syntaxErrors: readonly string[];
}

/** Reads one file. A file that does not parse gives `syntaxErrors` and otherwise little. */
export function readSource(path: string, text: string): SourceFile {
  const result = parseSync(path, text, { lang: path.endsWith('.tsx') ? 'tsx' : 'ts' });
  const lineOf = lineFinder(text);
  const facts = walk(result.program, lineOf);
  const module = result.module;
  const imports: ImportedFrom[] = module.staticImports.map((entry) => ({
    specifier: entry.moduleRequest.value,
    line: lineOf(entry.start),
    names: entry.entries.map((name) => name.importName.name ?? starOrDefault(name.importName.kind)),
  }));
  const exports: ExportedName[] = [];
  for (const { start, entries } of module.staticExports) {
    for (const entry of entries) {
      const from = entry.moduleRequest;
      if (from !== null) {
        const names = [entry.importName.name ?? '*'];
        imports.push({ specifier: from.value, line: lineOf(start), names });
      }
      const name = entry.exportName.name ?? (entry.exportName.kind === 'Default' ? 'default' : '*');
      const line = lineOf(entry.exportName.start ?? start);
      exports.push({ name, line, isType: entry.isType, reExport: from !== null });
    }
  }
  return {
    path,
    text,
    lineCount: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: [...imports, ...facts.imports],
    exports,
    functions: facts.functions,
    names: facts.names,
    awaits: facts.awaits,
    comments: result.comments.map(({ value, start, type }) => ({
      text: value,
      line: lineOf(start),
      isBlock: type === 'Block',
    })),
    hasCode: result.program.body.some(isRunTime),
    syntaxErrors: result.errors.map((error) => error.message),
  };
}

function starOrDefault(kind: string): string {
  return kind === 'Default' ? 'default' : '*';
}

function isRunTime(statement: Node): boolean {
  switch (statement.type) {
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
    case 'ImportDeclaration':
      return false;
    case 'VariableDeclaration':
    case 'TSModuleDeclaration':
      return !statement.declare;
    case 'ExportNamedDeclaration':
      return statement.declaration !== null && isRunTime(statement.declaration);
    default:
      return true;
  }
}

interface Walked {
  readonly imports: ImportedFrom[];
  readonly functions: FunctionFacts[];
  readonly names: NameUse[];
  readonly awaits: number[];
}

/** Visits every node once, with its parent, in the order of the text. */
function walk(program: Program, lineOf: (offset: number) => number): Walked {
  const walked: Walked = { imports: [], functions: [], names: [], awaits: [] };
  const visit = (node: Node, parent: Node | undefined): void => {
    note(node, parent, { walked, lineOf });
    const fields = node as unknown as Record<string, unknown>;
    for (const key of visitorKeys[node.type] ?? []) {
      const child = fields[key];
      if (Array.isArray(child)) for (const item of child) if (isNode(item)) visit(item, node);
      if (isNode(child)) visit(child, node);
    }
  };
  visit(program, undefined);
  return walked;
}

interface Notes {
  readonly walked: Walked;
  readonly lineOf: (offset: number) => number;
}

function note(node: Node, parent: Node | undefined, { walked, lineOf }: Notes): void {
  switch (node.type) {
    case 'Identifier':
      if (!isPropertyName(node, parent)) {
        walked.names.push({ name: node.name, line: lineOf(node.start) });
      }
      break;
    case 'MemberExpression':
      if (!node.computed && node.object.type === 'Identifier' && 'name' in node.property) {
        const name = `${node.object.name}.${node.property.name}`;
        walked.names.push({ name, line: lineOf(node.start) });
      }
      break;
    case 'AwaitExpression':
      walked.awaits.push(lineOf(node.start));
      break;
    case 'ImportExpression':
    case 'TSImportType': {
      const { source } = node;
      if (source.type !== 'Literal' || typeof source.value !== 'string') break;
      walked.imports.push({
        specifier: source.value,
        line: lineOf(node.start),
        names: ['*'],
      });
      break;
    }
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression': {
      if (node.body === null) break; // an overload or a declaration
      const first = lineOf(node.start);
      walked.functions.push({
        name: functionName(node, parent),
        line: first,
        lines: lineOf(node.end - 1) - first + 1,
        parameters: node.params.length,
        isAsync: node.async,
      });
      break;
    }
  }
}

function functionName(node: Node, parent: Node | undefined): string {
  if ('id' in node && node.id !== null && node.id !== undefined && 'name' in node.id) {
    return String(node.id.name);
  }
  if (parent === undefined) return '(anonymous)';
  const owner = 'key' in parent ? parent.key : 'id' in parent ? parent.id : undefined;
  if (owner !== null && typeof owner === 'object' && 'name' in owner) return String(owner.name);
  return '(anonymous)';
}

/** `a.Date`, `{ Date: 1 }`, `Date(): void` in a class: names of members, not of the global. */
function isPropertyName(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined) return false;
  if ('property' in parent && parent.property === node)
    return !('computed' in parent && parent.computed);
  // The key of the shorthand `{ Date }` is one; its value is the use, and is visited as such.
  if ('key' in parent && parent.key === node) {
    return !('computed' in parent && parent.computed === true);
  }
  return parent.type === 'TSQualifiedName' && parent.right === node;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** Maps an offset to its 1-based line by binary search. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
