/**
 * Shares of an ECMP set by the bandwidth that its paths name (draft-ietf-idr-link-bandwidth §2): the kernel's weights.
 */

/** Of a kernel next hop. */
const WEIGHT_MAX = 256;

/**
 * Replaces bandwidths by weights of 1 to `WEIGHT_MAX`, the largest first of all getting `WEIGHT_MAX`.
 *
 * @returns False, with nothing to weigh: a path without a bandwidth is compared with none, so all count alike.
 */
export function weigh(bandwidths: number[]): boolean {
  let most = 0;
  for (const bandwidth of bandwidths) {
    if (bandwidth === 0) return false;
    if (bandwidth > most) most = bandwidth;
  }
  for (let i = 0; i < bandwidths.length; i++) {
    bandwidths[i] = Math.max(1, Math.round((bandwidths[i]! / most) * WEIGHT_MAX));
  }
  return most > 0 && bandwidths.some((weight) => weight !== WEIGHT_MAX);
}
