/** How large files and functions may be. Limits are for readers: soft ones are listed, hard ones fail. */

import type { Finding } from './finding.ts';
import { folderOf, isTest } from './imports.ts';
import { HOT_PATHS, LIMITS, LONG_FILES, LONG_FUNCTIONS } from './rules.ts';
import type { SourceFile } from './source.ts';

export function checkSize(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => [
    ...checkLength(file),
    ...(isTest(file.path) ? [] : checkFunctions(file)),
  ]);
}

function checkLength({ path, lineCount }: SourceFile): Finding[] {
  const soft = isTest(path) ? LIMITS.testLinesSoft : LIMITS.fileLinesSoft;
  const hard = LIMITS.fileLines;
  if (lineCount <= soft || path in LONG_FILES) return [];
  const tooLong = lineCount > hard && !isTest(path);
  return [
    {
      file: path,
      line: lineCount,
      rule: 'file-length',
      what: `${lineCount} lines, over ${tooLong ? hard : `the soft limit of ${soft}`}`,
      remedy: 'split it by what a reader would look for',
      severity: tooLong ? 'error' : 'warning',
    },
  ];
}

function checkFunctions({ path, functions }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const isHot = HOT_PATHS.some((hot) => hot.test(path));
  const limit = isHot ? LIMITS.hotParameters : LIMITS.parameters;
  for (const { name, line, lines, parameters } of functions) {
    if (`${path}#${name}` in LONG_FUNCTIONS) continue;
    if (lines > LIMITS.functionLines) {
      findings.push({
        file: path,
        line,
        rule: 'function-length',
        what: `${name} has ${lines} lines, over ${LIMITS.functionLines}`,
        remedy: 'keep the decisions here and move the leaves into functions of their own',
        severity: 'error',
      });
    }
    if (parameters > limit && folderOf(path) !== undefined) {
      findings.push({
        file: path,
        line,
        rule: 'parameter-count',
        what: `${name} takes ${parameters} parameters, over ${limit}`,
        remedy: 'take an options object',
        severity: 'error',
      });
    }
  }
  return findings;
}
