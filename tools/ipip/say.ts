/** What a guest prints, and how many of its sentences did not hold. */

let failed = 0;

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function check(holds: boolean, what: string): void {
  if (!holds) failed++;
  say(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
}

export function failures(): number {
  return failed;
}
