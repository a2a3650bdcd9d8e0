// dist, and whether it belongs to the sources: `npm start` builds only when it does not.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const inRoot = (path) => join(root, path)

const COMPILER = 'node_modules/typescript/bin/tsc'
const SELF = 'scripts/dist.mjs'
const FOLD = 'scripts/fold-typebox.mjs'

/** What decides, beside the files in src, what a build writes. */
const BUILD_FILES = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  SELF,
  FOLD,
]

/** What a build needs besides, all of it from devDependencies. */
const BUILD_PACKAGES = ['typescript', '@types/node', 'rolldown']

const NOT_INSTALLED =
  'task-manager-api: the packages that build it are not installed ' +
  '(NODE_ENV=production and --omit=dev leave them out). Run: npm ci --include=dev && npm run build'

/** Of the last build: a hash of the sources and a hash of what it wrote. */
const STAMP = inRoot('dist/.stamp')

const filesIn = (folder, extension) =>
  readdirSync(inRoot(folder), { recursive: true })
    .filter((name) => name.endsWith(extension))
    .map((name) => join(folder, name))

const digest = (data) => createHash('sha256').update(data).digest('hex')
const hash = (paths) =>
  digest(
    paths
      .sort()
      .map((path) => `${path}\0${digest(readFileSync(inRoot(path)))}`)
      .join('\0'),
  )

const hashSources = () => hash([...BUILD_FILES, ...filesIn('src', '.ts')])
const hashOutput = () => (existsSync(inRoot('dist')) ? hash(filesIn('dist', '.js')) : '')
const [builtSources, builtOutput] = existsSync(STAMP)
  ? readFileSync(STAMP, 'utf8').trim().split(' ')
  : []

/** Whether dist is what a build of the sources, as they are now, would write. */
export const isCurrent = () => hashSources() === builtSources && hashOutput() === builtOutput

/** Brings dist up to date. Resolves with false, having said why, when that fails. */
export const build = async () => {
  if (!BUILD_PACKAGES.every((name) => existsSync(inRoot(`node_modules/${name}`)))) {
    console.error(NOT_INSTALLED)
    return false
  }
  console.error('task-manager-api: building')
  const sources = hashSources()
  // The compiler does not rewrite a file of an earlier build, even one that was changed or removed.
  if (hashOutput() !== builtOutput) rmSync(inRoot('dist'), { recursive: true, force: true })
  const isBuilt = (await succeeds(COMPILER, '-p', 'tsconfig.build.json')) && (await succeeds(FOLD))
  if (isBuilt) writeFileSync(STAMP, `${sources} ${hashOutput()}\n`)
  return isBuilt
}

const SIGNALS = ['SIGTERM', 'SIGINT']

/** Runs a script to its end; a signal to this process ends both. Standard output is for the log. */
const succeeds = async (...args) => {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] })
  const pass = (signal) => child.kill(signal)
  for (const name of SIGNALS) process.on(name, pass)
  const [code, signal] = await once(child, 'exit')
  for (const name of SIGNALS) process.off(name, pass)
  if (signal !== null) process.kill(process.pid, signal)
  return code === 0
}
