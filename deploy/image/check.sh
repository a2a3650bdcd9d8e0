#!/usr/bin/env bash
# Builds the image from the Dockerfile as it is, twice, on a stand-in for its base, and tries it: what is in it, whether both builds
# are the same, and how it runs with hardly any rights (test/image). Needs root on Debian or Ubuntu; installs the rest by apt.
# What it makes is kept in ${XDG_CACHE_HOME:-$HOME/.cache}/task-manager-image, away from other images of this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/task-manager-image
mkdir -p "$cache"
work=$(mktemp -d)
export IMAGE=localhost/task-manager-api:check IMAGE_TWIN=localhost/task-manager-api:check-twin
clean_up() {
  rm -rf "$work"
  podman rmi --ignore --force "$IMAGE" "$IMAGE_TWIN" >/dev/null 2>&1 || true
  podman image prune --force >/dev/null 2>&1 || true
}
trap clean_up EXIT

packages=(buildah podman runc debootstrap skopeo uidmap conmon catatonit netavark aardvark-dns golang-github-containers-common iptables)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

export CONTAINERS_STORAGE_CONF=$cache/storage.conf
cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "overlay"
graphroot = "$cache/storage"
runroot = "$cache/run"
CONF

base=$(deploy/image/stand-in.sh 2>"$work/stand-in.log") || { cat "$work/stand-in.log" >&2; exit 1; }

# The certificates of this machine reach npm within the build, and nothing else does.
certificates=/etc/ssl/certs/ca-certificates.crt
echo "cafile=$certificates" >"$work/npmrc"
IMAGE_REVISION=$(git rev-parse HEAD)
timestamp=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export IMAGE_REVISION

build() {
  buildah build --isolation chroot --format docker --no-cache --pull=never --timestamp "$timestamp" \
    --build-arg NODE_IMAGE="$base" --build-arg REVISION="$IMAGE_REVISION" \
    --secret id=npmrc,src="$work/npmrc" --volume "$certificates:$certificates:ro" --tag "$1" . >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; exit 1; }
}

for image in "$IMAGE" "$IMAGE_TWIN"; do
  SECONDS=0
  build "$image"
  echo "$image built in $SECONDS s"
done

npx vitest run --config vitest.image.config.ts
