/** Branded numbers, so that seconds are never added to milliseconds. Erased at run time. */

declare const unit: unique symbol;

/** Monotonic milliseconds: an instant given by the loop, or a span. May be fractional. */
export type Millis = number & { readonly [unit]?: 'ms' };
export type Seconds = number & { readonly [unit]?: 's' };
export type Octets = number & { readonly [unit]?: 'octets' };

export function millis(value: number): Millis {
  return value as Millis;
}

export function seconds(value: number): Seconds {
  return value as Seconds;
}

export function secondsToMillis(value: Seconds): Millis {
  return ((value as number) * 1000) as Millis;
}
