/** Shell patterns on interface names, as BIRD's `~` on strings: `*` any run of characters, `?` any one. */

/** The pattern as a test; nothing but `*` and `?` is special. */
export function compileShellPattern(pattern: string): (name: string) => boolean {
  const source = [...pattern]
    .map((char) => {
      if (char === '*') return '.*';
      if (char === '?') return '.';
      return char.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
    })
    .join('');
  const expression = new RegExp(`^${source}$`, 'su');
  return (name) => expression.test(name);
}
