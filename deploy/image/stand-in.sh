#!/usr/bin/env bash
# Makes a stand-in for the Dockerfile's base where no registry of images can be reached, and prints its name:
# Debian bookworm as the slim image has it, the user node 1000:1000, the newest Node.js 24 and its npm.
# Kept in ${XDG_CACHE_HOME:-$HOME/.cache}/task-manager-image; remove that folder to make it anew. Needs root, debootstrap, buildah.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/task-manager-image
root=$cache/base
name=docker.io/library/node:24-bookworm-slim-stand-in
case $(uname -m) in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) echo "no Node.js 24 for $(uname -m)" >&2; exit 1 ;; esac

bootstrap() {
  rm -rf "$root" "$root.partial" "$cache/npm"
  mkdir -p "$cache"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root.partial" >"$cache/debootstrap.log"
  npm install --silent --no-save --ignore-scripts --prefix "$cache/npm" "node-linux-$arch@24" npm@11
  install -m 755 "$cache/npm/node_modules/node-linux-$arch/bin/node" "$root.partial/usr/local/bin/node"
  mkdir -p "$root.partial/usr/local/lib/node_modules"
  cp -r "$cache/npm/node_modules/npm" "$root.partial/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root.partial/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root.partial/usr/local/bin/npx"
  like_the_real_one "$root.partial"
  chown -R 0:0 "$root.partial/usr/local"
  echo 'node:x:1000:' >>"$root.partial/etc/group"
  echo 'node:x:1000:1000::/home/node:/bin/bash' >>"$root.partial/etc/passwd"
  install -d -o 1000 -g 1000 "$root.partial/home/node"
  mv "$root.partial" "$root"
}

# What the slim image leaves out, and what Node's image has beside npm: places for yarn and corepack, so that their removal is tried.
like_the_real_one() {
  rm -rf "$1"/usr/share/{doc,man,info,locale,lintian}/* "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/*.log
  mkdir -p "$1/opt/yarn-v1.22.22/bin" "$1/usr/local/lib/node_modules/corepack/dist"
  touch "$1/opt/yarn-v1.22.22/bin/yarn" "$1/opt/yarn-v1.22.22/bin/yarnpkg" "$1/usr/local/lib/node_modules/corepack/dist/corepack.js"
  ln -s /opt/yarn-v1.22.22/bin/yarn "$1/usr/local/bin/yarn"
  ln -s /opt/yarn-v1.22.22/bin/yarnpkg "$1/usr/local/bin/yarnpkg"
  ln -s ../lib/node_modules/corepack/dist/corepack.js "$1/usr/local/bin/corepack"
  ln -s node "$1/usr/local/bin/nodejs"
  printf '#!/bin/sh\nexec "$@"\n' >"$1/usr/local/bin/docker-entrypoint.sh"
  chmod 755 "$1/usr/local/bin/docker-entrypoint.sh"
}

[ -x "$root/usr/local/bin/node" ] || bootstrap

if ! buildah inspect --type image "$name" >/dev/null 2>&1; then
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$root" / >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env "NODE_VERSION=$("$root/usr/local/bin/node" -p process.versions.node)" \
    --entrypoint '["docker-entrypoint.sh"]' --cmd node "$container"
  buildah commit --quiet --rm "$container" "$name" >/dev/null
fi
echo "$name"
