/** Spans of time as people say them: `12s`, `3m20s`, `4h10m`, `2d3h`. */

export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: readonly [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's'],
  ];
  let left = whole;
  let text = '';
  let shown = 0;
  for (const [size, unit] of parts) {
    const count = Math.floor(left / size);
    left %= size;
    if (count === 0 && !(size === 1 && text === '')) {
      if (shown > 0) break;
      continue;
    }
    text += `${count}${unit}`;
    if (++shown === 2) break;
  }
  return text;
}
