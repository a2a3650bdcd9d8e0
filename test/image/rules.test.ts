import { expect, test } from 'vitest'
import type { ImageConfig, ImageFacts, ImageFile, Project } from './facts.ts'
import { differences, RULES } from './rules.ts'

const PROJECT: Project = {
  version: '1.2.3',
  license: 'Apache-2.0',
  revision: 'abc',
  packages: ['node_modules/fastify'],
  omittedPackages: ['node_modules/typescript', 'node_modules/@photostructure/sqlite'],
}

const file = (path: string, other: Partial<ImageFile> = {}): ImageFile => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  content: 'x',
  ...other,
})

/** Root's home within the image: what the base has there stays, what a build leaves there must not. */
const ROOT_HOME = '/root'

const GOOD: ImageFacts = {
  config: {
    User: '1000:1000',
    Env: ['PATH=/usr/bin', 'NODE_ENV=production', 'HOST=0.0.0.0', 'PORT=8000', 'DATABASE_URL=sqlite:/data/tasks.db'],
    Entrypoint: ['node', '--max-semi-space-size=4', 'dist/cli.js'],
    Cmd: null,
    ExposedPorts: { '8000/tcp': {} },
    Volumes: { '/data': {} },
    WorkingDir: '/app',
    Labels: {
      'org.opencontainers.image.title': 'task-manager-api',
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.revision': 'abc',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.source': '',
    },
    StopSignal: 'SIGTERM',
    Healthcheck: {
      Test: ['CMD', 'node', '-e', 'fetch("http://127.0.0.1:" + process.env.PORT + "/livez")'],
      Interval: 30e9,
      Timeout: 5e9,
    },
  },
  files: [
    ...['dist/cli.js', 'openapi.json', 'package.json', 'LICENSE', 'node_modules/fastify/package.json'].map((name) =>
      file(`/app/${name}`),
    ),
    file('/usr/local/bin/node'),
    file(`${ROOT_HOME}/.bashrc`),
    file('/data', { type: 'folder', uid: 1000, gid: 1000 }),
    file('/app/data', { type: 'link', mode: 0o777 }),
  ],
  layerPaths: ['etc/passwd', 'app/dist/cli.js', 'usr/share/keys/archive.key'],
  size: 300e6,
}

test('an image that is as it must be breaks no rule', () => {
  for (const [name, rule] of Object.entries(RULES))
    expect({ name, problems: rule(GOOD, PROJECT) }).toEqual({ name, problems: [] })
})

const configured = (config: ImageConfig): ImageFacts => ({ ...GOOD, config: { ...GOOD.config, ...config } })
const withFile = (path: string, other: Partial<ImageFile> = {}): ImageFacts => ({
  ...GOOD,
  files: [...GOOD.files, file(path, other)],
})
const withLayerPath = (path: string): ImageFacts => ({ ...GOOD, layerPaths: [...GOOD.layerPaths, path] })
const without = (path: string): ImageFacts => ({ ...GOOD, files: GOOD.files.filter((one) => one.path !== path) })
const labelled = (name: string, value: string): ImageFacts =>
  configured({ Labels: { ...GOOD.config.Labels, [`org.opencontainers.image.${name}`]: value } })
const withOwnerOfData = (uid: number): ImageFacts => ({
  ...GOOD,
  files: GOOD.files.map((one) => (one.path === '/data' ? { ...one, uid } : one)),
})
const checkedBy = (...Test: string[]): ImageFacts => configured({ Healthcheck: { ...GOOD.config.Healthcheck, Test } })

/** Each with one deliberate fault and the one rule that must find it. */
const BAD: readonly [fault: string, rule: keyof typeof RULES, image: ImageFacts][] = [
  ['root', 'user', configured({ User: '' })],
  ['a user by name, which Kubernetes cannot tell from root', 'user', configured({ User: 'node' })],
  ['a shell-form entrypoint', 'entrypoint', configured({ Entrypoint: ['/bin/sh', '-c', 'node dist/cli.js'] })],
  ['npm as entrypoint', 'entrypoint', configured({ Entrypoint: ['npm', 'start'] })],
  ['no entrypoint', 'entrypoint', configured({ Entrypoint: null, Cmd: ['node'] })],
  ['no health check', 'healthcheck', checkedBy()],
  ['a health check that is switched off', 'healthcheck', checkedBy('NONE')],
  ['a health check by curl', 'healthcheck', checkedBy('CMD-SHELL', 'curl -f localhost:$PORT/livez')],
  ['a health check of a fixed port', 'healthcheck', checkedBy('CMD', 'node', '-e', 'fetch("http://127.0.0.1:8000/livez")')],
  ['a health check of the database', 'healthcheck', checkedBy('CMD', 'node', '-e', 'fetch(process.env.PORT + "/readyz")')],
  ['SIGKILL to stop', 'stopSignal', configured({ StopSignal: 'SIGKILL' })],
  ['no stop signal', 'stopSignal', configured({ StopSignal: '' })],
  ['no labels', 'labels', configured({ Labels: null })],
  ['the version of yesterday', 'labels', labelled('version', '1.2.2')],
  ['another revision', 'labels', labelled('revision', 'unknown')],
  ['no port', 'doors', configured({ ExposedPorts: null })],
  ['the debugger open', 'doors', configured({ ExposedPorts: { '8000/tcp': {}, '9229/tcp': {} } })],
  ['no volume', 'doors', configured({ Volumes: null })],
  ['loopback only', 'environment', configured({ Env: ['NODE_ENV=production', 'HOST=127.0.0.1'] })],
  ['a token in the environment', 'environment', configured({ Env: [...(GOOD.config.Env ?? []), 'GITHUB_TOKEN=x'] })],
  ['no built service', 'service', without('/app/dist/cli.js')],
  ['a dependency missing', 'service', without('/app/node_modules/fastify/package.json')],
  ['npm', 'noPackageManager', withFile('/usr/local/bin/npm', { type: 'link' })],
  ['npm without its command', 'noPackageManager', withFile('/usr/local/lib/node_modules/npm/package.json')],
  ['yarn', 'noPackageManager', withFile('/opt/yarn-v1.22.22')],
  ['corepack', 'noPackageManager', withFile('/usr/local/bin/corepack', { type: 'link' })],
  ['a compiler', 'noCompiler', withFile('/usr/bin/gcc-12')],
  ['Python', 'noCompiler', withFile('/usr/bin/python3.11')],
  ['a development dependency', 'noOmittedPackage', withFile('/app/node_modules/typescript', { type: 'folder' })],
  ['SQLite for an older Node.js', 'noOmittedPackage', withFile('/app/node_modules/@photostructure/sqlite', { type: 'folder' })],
  ['the sources', 'nothingLeftOver', withFile('/app/src', { type: 'folder' })],
  ['the stamp of the build', 'nothingLeftOver', withFile('/app/dist/.stamp')],
  ['what the compiler notes', 'nothingLeftOver', withFile('/app/dist/.tsbuildinfo')],
  ["npm's cache", 'nothingLeftOver', withFile(`${ROOT_HOME}/.npm`, { type: 'folder' })],
  ['.env', 'noSecret', withLayerPath('app/.env')],
  ['an .npmrc that a later layer deletes', 'noSecret', withLayerPath('root/.npmrc')],
  ['the history', 'noSecret', withLayerPath('app/.git/config')],
  ['a private key', 'noSecret', withLayerPath('app/tls.key')],
  ['too much', 'size', { ...GOOD, size: 331e6 }],
  ['a service that can change itself', 'owners', withFile('/app/dist/main.js', { uid: 1000, gid: 1000 })],
  ['a service that anybody can change', 'owners', withFile('/app/dist/main.js', { mode: 0o666 })],
  ['a file of the system that the service can change', 'owners', withFile('/etc/hosts', { uid: 1000, gid: 1000 })],
  ['a volume that the service cannot write', 'owners', withOwnerOfData(0)],
]

test.each(BAD)('an image with %s breaks the rule «%s» and no other', (_, name, image) => {
  const broken = Object.entries(RULES).filter(([, rule]) => rule(image, PROJECT).length > 0)
  expect(broken.map(([broke]) => broke)).toEqual([name])
})

test('two builds that differ are told apart by content, owner, rights and names', () => {
  const one = [file('/a'), file('/b'), file('/c'), file('/d'), file('/e')]
  const other = [file('/a'), file('/b', { content: 'y' }), file('/c', { uid: 1 }), file('/d', { mode: 0o600 }), file('/f')]
  expect(differences(one, one)).toEqual([])
  expect(differences(one, other)).toEqual(['/b', '/c', '/d', '/e', '/f'])
})
