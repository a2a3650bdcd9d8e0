import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createFolder } from '../start-app.ts'
import { IMAGE, podman, TWIN } from './podman.ts'
import { type Image, type ImageFile, readImage } from './read-image.ts'

const MOST_BYTES = 330_000_000

const UNWANTED = {
  'package managers':
    /\/(bin|sbin)\/(npm|npx|yarn|yarnpkg|pnpm|corepack)$|\/node_modules\/(npm|yarn|pnpm|corepack)\/|^\/opt\/yarn/,
  compilers:
    /\/bin\/(cc|c\+\+|gcc|g\+\+|clang|make|cmake|ld|as|tsc|go|rustc|python3?|node-gyp)(-?[\d.]+)?$/,
  'rests of the build':
    /^\/app\/(src|test|scripts|bench|deploy|docs)$|\.tsbuildinfo$|\/dist\/\.stamp$|^\/(root|tmp)\/(?!\.bashrc$|\.profile$)/,
} as const

/** Looked for in every layer: what a later layer deletes can still be read. Debian's own public keys are in /usr/share. */
const SECRET =
  /^(?!usr\/share\/)(.*\/)?(\.env(\..+)?|\.npmrc|\.git|\.ssh|\.docker|\.netrc|id_(rsa|ed25519)|[^/]+\.(key|p12|pfx))(\/|$)/

/** Whether an owner and rights are right: the service can write nothing but /data. */
const isOwnedRight = ({ path, type, uid, gid, mode }: ImageFile): boolean => {
  if (path === '/data') return uid === 1000 && gid === 1000
  if (path.startsWith('/home/node')) return true
  if (path.startsWith('/app'))
    return uid === 0 && gid === 0 && (type === 'link' || (mode & 0o022) === 0)
  return uid !== 1000 && gid !== 1000
}

/** What must not be in an image, by kind. */
const faultsOf = ({ files, layerPaths, size }: Image) => ({
  ...Object.fromEntries(
    Object.entries(UNWANTED).map(([kind, pattern]) => [
      kind,
      files.filter(({ path }) => pattern.test(path)).map(({ path }) => path),
    ]),
  ),
  secrets: layerPaths.filter((path) => SECRET.test(path)),
  owners: files.filter((file) => !isOwnedRight(file)).map(({ path }) => path),
  bytes: size > MOST_BYTES ? [size] : [],
})

/** A fault of each kind. */
const BAD_DOCKERFILE = `FROM ${IMAGE}
USER root
COPY file /app/.env
COPY file /usr/local/bin/npm
COPY file /usr/bin/gcc
COPY file /app/dist/.tsbuildinfo
COPY --chown=1000:1000 file /app/dist/main.js
COPY ballast /usr/share/ballast
RUN rm /app/.env
`

const buildBadImage = async (): Promise<string> => {
  const name = 'localhost/task-manager-api:bad'
  const folder = createFolder()
  onTestFinished(async () => void (await podman('rmi', '--ignore', '--force', name)))
  writeFileSync(join(folder, 'Dockerfile'), BAD_DOCKERFILE)
  writeFileSync(join(folder, 'file'), 'x')
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(100_000_000))
  const options = [
    '--isolation',
    'chroot',
    '--format',
    'docker',
    '--layers',
    '--pull=never',
    '--tag',
    name,
  ]
  execFileSync('buildah', ['build', ...options, folder], { stdio: 'ignore' })
  return name
}

let image: Image

beforeAll(async () => {
  image = await readImage(IMAGE)
  console.log(`${IMAGE}: ${(image.size / 1e6).toFixed(0)} MB, ${image.files.length} files`)
})

describe('the image', () => {
  test('starts the service itself as user 1000, and says what it is', () => {
    const { version, license } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    )
    expect(image.config).toMatchObject({
      User: '1000:1000',
      Entrypoint: ['node', '--max-semi-space-size=4', 'dist/cli.js'],
      StopSignal: 'SIGTERM',
      ExposedPorts: { '8000/tcp': {} },
      Volumes: { '/data': {} },
      Env: expect.arrayContaining([
        'NODE_ENV=production',
        'HOST=0.0.0.0',
        'DATABASE_URL=sqlite:/data/tasks.db',
      ]),
      Labels: {
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': license,
        'org.opencontainers.image.revision': process.env.IMAGE_REVISION,
      },
    })
  })

  test('has nothing that it should not have', () => {
    expect(image.files.length).toBeGreaterThan(2000)
    for (const [kind, found] of Object.entries(faultsOf(image)))
      expect({ kind, found }).toEqual({ kind, found: [] })
  })

  test('is the same from a second build', async () => {
    const twin = await readImage(TWIN)
    expect(twin.files).toEqual(image.files)
    expect({ ...twin.config, Hostname: '' }).toEqual({ ...image.config, Hostname: '' })
  })
})

test('a fault of each kind is found', async () => {
  const bad = faultsOf(await readImage(await buildBadImage()))
  const missed = Object.entries(bad).filter(([, found]) => found.length === 0)
  expect(missed).toEqual([])
})
