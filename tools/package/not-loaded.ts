/** What of the packages that we depend on never runs, and is left out of what users install. */

/**
 * Of the official client of Kubernetes we load three files (docs/decisions/0027-kubernetes-datastore.md); its generated
 * half, and what only that needs, would be more than everything else together.
 */
const NOT_LOADED: readonly RegExp[] = [
  /^@kubernetes\/client-node\/dist\/(gen|test)$/,
  /^(@kubernetes\/client-node\/node_modules|@types|@jsep-plugin|undici|openid-client|jose|jsonpath-plus)$/,
  /\.(d\.ts|map)$/,
];

/** @param path  Of a file or folder below `node_modules`. */
export function isLoaded(path: string): boolean {
  return !NOT_LOADED.some((pattern) => pattern.test(path));
}
