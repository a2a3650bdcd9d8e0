import type { ImageFacts, ImageFile, Project } from './facts.ts'

const MOST_BYTES = 330_000_000

/** Says in a line each what is wrong with an image; nothing when it is as it must be. */
export type Rule = (image: ImageFacts, project: Project) => readonly string[]

const unless = (isRight: boolean, problem: string): string[] => (isRight ? [] : [problem])

const pathsLike = (image: ImageFacts, pattern: RegExp): string[] =>
  image.files.map(({ path }) => path).filter((path) => pattern.test(path))

const user: Rule = ({ config }) => unless(config.User === '1000:1000', `the user is ${config.User || 'root'}, not 1000:1000`)

/** Shell form becomes `/bin/sh -c …`: the shell would get the signals, and node would never hear SIGTERM. */
const entrypoint: Rule = ({ config }) => [
  ...unless(
    JSON.stringify(config.Entrypoint ?? []) === '["node","--max-semi-space-size=4","dist/cli.js"]',
    `the entrypoint is ${JSON.stringify(config.Entrypoint)}, not node itself with dist/cli.js`,
  ),
  ...unless((config.Cmd ?? []).length === 0, `there is a command: ${JSON.stringify(config.Cmd)}`),
  ...unless(config.WorkingDir === '/app', `the working directory is ${config.WorkingDir}`),
]

const healthcheck: Rule = ({ config: { Healthcheck: { Test = [], Interval = 0, Timeout = 0 } = {} } }) => {
  if (Test.length === 0 || Test[0] === 'NONE') return ['there is no health check']
  return [
    ...unless(Test[0] === 'CMD' && Test[1] === 'node', 'the health check is not node itself'),
    ...unless(Test.join(' ').includes('/livez'), 'the health check does not ask /livez'),
    ...unless(Test.join(' ').includes('process.env.PORT'), 'the health check ignores PORT'),
    ...unless(Timeout > 0 && Timeout < Interval, 'the health check has no timeout shorter than its interval'),
  ]
}

const stopSignal: Rule = ({ config }) => unless(config.StopSignal === 'SIGTERM', `the stop signal is ${config.StopSignal}`)

const PREFIX = 'org.opencontainers.image.'

const labels: Rule = ({ config }, { version, revision, license }) => {
  const found = config.Labels ?? {}
  const expected = { title: 'task-manager-api', version, revision, licenses: license }
  const wrong = Object.entries(expected).filter(([name, value]) => found[PREFIX + name] !== value)
  return [
    ...wrong.map(([name, value]) => `the label ${PREFIX}${name} is ${found[PREFIX + name]}, not ${value}`),
    ...unless(`${PREFIX}source` in found, `there is no label ${PREFIX}source`),
  ]
}

const doors: Rule = ({ config }) => [
  ...unless(Object.keys(config.ExposedPorts ?? {}).join() === '8000/tcp', 'it does not expose 8000/tcp alone'),
  ...unless(Object.keys(config.Volumes ?? {}).join() === '/data', 'its volume is not /data alone'),
]

const ENVIRONMENT = ['NODE_ENV=production', 'HOST=0.0.0.0', 'DATABASE_URL=sqlite:/data/tasks.db']

const environment: Rule = ({ config }) => {
  const env = config.Env ?? []
  return [
    ...ENVIRONMENT.filter((one) => !env.includes(one)).map((one) => `the environment lacks ${one}`),
    ...env
      .filter((one) => /(TOKEN|SECRET|PASSWORD|CREDENTIAL|_KEY)[^=]*=./i.test(one))
      .map((one) => `a secret: ${one.split('=')[0]}`),
  ]
}

const REQUIRED = ['/app/dist/cli.js', '/app/openapi.json', '/app/package.json', '/app/LICENSE', '/usr/local/bin/node']

const service: Rule = ({ files }, { packages }) => {
  const paths = new Set(files.map(({ path }) => path))
  return [...REQUIRED, ...packages.map((folder) => `/app/${folder}/package.json`)]
    .filter((path) => !paths.has(path))
    .map((path) => `${path} is not there`)
}

const PACKAGE_MANAGER =
  /\/(bin|sbin)\/(npm|npx|yarn|yarnpkg|pnpm|pnpx|corepack)$|\/node_modules\/(npm|yarn|pnpm|corepack)\/|^\/opt\/yarn/
const noPackageManager: Rule = (image) => pathsLike(image, PACKAGE_MANAGER).map((path) => `a package manager: ${path}`)

const COMPILER = /\/bin\/(cc|c\+\+|gcc|g\+\+|clang|make|cmake|ld|as|tsc|go|rustc|python3?|node-gyp)(-?[\d.]+)?$/
const noCompiler: Rule = (image) => pathsLike(image, COMPILER).map((path) => `a compiler: ${path}`)

const noOmittedPackage: Rule = ({ files }, { omittedPackages }) => {
  const paths = new Set(files.map(({ path }) => path))
  return omittedPackages.filter((folder) => paths.has(`/app/${folder}`)).map((folder) => `not needed to run: ${folder}`)
}

const LEFT_OVER =
  /^\/app\/(src|test|scripts|web|bench|deploy|docs|coverage)$|\.tsbuildinfo$|\/dist\/\.stamp$|\/node_modules\/\.package-lock\.json$|^\/(root|tmp)\/./
const KEPT = /^\/root\/\.(bashrc|profile)$/
const nothingLeftOver: Rule = (image) =>
  pathsLike(image, LEFT_OVER)
    .filter((path) => !KEPT.test(path))
    .map((path) => `left over from the build: ${path}`)

/** Looked for in every layer: what a later layer deletes can still be read. (Debian's own public keys lie in /usr/share.) */
const SECRET = /(^|\/)(\.env(\..+)?|\.npmrc|\.yarnrc.*|\.git|\.ssh|\.docker|\.netrc|id_(rsa|ed25519)|[^/]+\.(key|p12|pfx))(\/|$)/
const noSecret: Rule = ({ layerPaths }) =>
  layerPaths.filter((path) => SECRET.test(path) && !path.startsWith('usr/share/')).map((path) => `may hold a secret: ${path}`)

const size: Rule = (image) =>
  unless(image.size <= MOST_BYTES, `${Math.ceil(image.size / 1e6)} MB are more than ${MOST_BYTES / 1e6} MB`)

const ownerProblem = ({ path, type, uid, gid, mode }: ImageFile): string[] => {
  if (path === '/data') return unless(uid === 1000 && gid === 1000, '/data does not belong to 1000:1000')
  if (path.startsWith('/home/node')) return []
  if (path.startsWith('/app')) {
    const isClosed = type === 'link' || (mode & 0o022) === 0
    return [
      ...unless(uid === 0 && gid === 0, `${path} belongs to ${uid}:${gid}`),
      ...unless(isClosed, `${path} can be written by others`),
    ]
  }
  return unless(uid !== 1000 && gid !== 1000, `${path} belongs to the service's user`)
}
const owners: Rule = ({ files }) => files.flatMap(ownerProblem)

export const RULES = {
  user,
  entrypoint,
  healthcheck,
  stopSignal,
  labels,
  doors,
  environment,
  service,
  noPackageManager,
  noCompiler,
  noOmittedPackage,
  nothingLeftOver,
  noSecret,
  size,
  owners,
} as const satisfies Record<string, Rule>

/** The paths in which two images differ: in what they hold, who owns it or who may do what with it. */
export const differences = (one: readonly ImageFile[], other: readonly ImageFile[]): string[] => {
  const told = (files: readonly ImageFile[]) =>
    new Map(files.map((file) => [file.path, JSON.stringify(Object.entries(file).sort())]))
  const [first, second] = [told(one), told(other)]
  return [...new Set([...first.keys(), ...second.keys()])].filter((path) => first.get(path) !== second.get(path)).sort()
}
