/** An operator's mistake is one line: where, what, the value, and what would be right. */

import { describe, expect, it } from 'vitest';
import { type ConfigError, formatConfigError } from './errors.ts';

const BASE: ConfigError = {
  kind: 'ConfigError',
  severity: 'error',
  code: 'BadCidr',
  message: 'Not a CIDR',
};

describe('formatConfigError', () => {
  it('puts file, line and column, resource, path and value before the message', () => {
    const error: ConfigError = {
      ...BASE,
      file: 'resources/pools.yaml',
      line: 12,
      column: 9,
      resource: 'IPPool/default',
      path: 'spec.cidr',
      value: '10.0.0.0/40',
      remedy: 'Write address/length, such as 10.0.0.0/16',
    };
    expect(formatConfigError(error)).toBe(
      'resources/pools.yaml:12:9: IPPool/default spec.cidr "10.0.0.0/40": Not a CIDR. ' +
        'Write address/length, such as 10.0.0.0/16',
    );
  });

  it('leaves out what is not known, without stray punctuation', () => {
    expect(formatConfigError(BASE)).toBe('Not a CIDR');
    expect(formatConfigError({ ...BASE, file: 'a.yaml' })).toBe('a.yaml: Not a CIDR');
    expect(formatConfigError({ ...BASE, path: 'log.level' })).toBe('log.level: Not a CIDR');
    expect(formatConfigError({ ...BASE, path: 'log.level', value: '' })).toBe(
      'log.level "": Not a CIDR',
    );
  });

  it('quotes the value, so that control characters cannot forge a line', () => {
    expect(formatConfigError({ ...BASE, value: 'a\nb' })).toBe('"a\\nb": Not a CIDR');
  });
});
