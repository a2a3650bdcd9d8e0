import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createFolder } from '../start-app.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const BUILD_FILES = [
  '.npmrc',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
]
const BUILD_PACKAGES = ['typescript', '@types', 'rolldown', '@rolldown']

/** A checkout of the test's own. `omitted` are packages that are not installed. */
const checkOut = (files: readonly string[], omitted: readonly string[] = []): string => {
  const folder = createFolder()
  for (const name of [...BUILD_FILES, ...files])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!omitted.includes(name))
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  return folder
}

/** A checkout whose service only prints `message`: it builds much faster than the real one. */
const checkOutSmall = (message: string): string => {
  const folder = checkOut([])
  mkdirSync(join(folder, 'src/core'), { recursive: true })
  writeFileSync(join(folder, 'src/core/typebox.ts'), 'export const nothing = undefined\n')
  writeCli(folder, message)
  return folder
}

/** All files that are written so have the same time: that of a change tells nothing. */
const writeCli = (folder: string, message: string): void => {
  const path = join(folder, 'src/cli.ts')
  writeFileSync(path, `console.log('${message}')\n`)
  utimesSync(path, 1, 1)
}

/** `npm start`, in a process group of its own that ends with the test. */
const npmStart = (folder: string, env: Readonly<Record<string, string>> = {}) => {
  const child = spawn('npm', ['start', '--silent'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, PORT: '0', DATABASE_URL: 'none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const group = -(child.pid ?? 0)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += String(data)))
  child.stderr.on('data', (data) => (stderr += String(data)))
  const isGone = (): boolean => {
    try {
      return !process.kill(group, 0)
    } catch {
      return true
    }
  }
  onTestFinished(() => void (isGone() || process.kill(group, 'SIGKILL')))
  const ended = async () => {
    await once(child, 'close')
    return { code: child.exitCode, stdout, stderr }
  }
  return { child, ended, isGone, stdout: () => stdout }
}

const BUILDING = 'task-manager-api: building\n'
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

test.each(SIGNALS)(
  'what is built needs no compiler to start, and %s to npm lets it end with 0',
  async (signal) => {
    const { child, stdout, ended, isGone } = npmStart(checkOut(['src', 'dist'], BUILD_PACKAGES), {
      NODE_ENV: 'production',
    })
    const { url } = await vi.waitFor(() => JSON.parse(stdout()) as { url: string }, {
      timeout: 20_000,
    })
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    child.kill(signal)
    const { code, stdout: printed, stderr } = await ended()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(printed).toMatch(/"msg":"stopped"\}\n$/)
    expect(isGone()).toBe(true)
  },
)

test('without the packages that build it, what is not built says what to do', async () => {
  const { code, stdout, stderr } = await npmStart(checkOut(['src'], BUILD_PACKAGES), {
    NODE_ENV: 'production',
  }).ended()
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(
    /^task-manager-api: .*not installed.*NODE_ENV=production.* Run: npm ci --include=dev && npm run build\n$/,
  )
})

const ADVICE =
  /^task-manager-api: SQLite needs Node\.js 24 .*@photostructure\/sqlite.*npm ci --include=optional.*\n$/

test('the optional SQLite package is needed below Node.js 24 only, where a start without it says so', async () => {
  const isNeeded = Number.parseInt(process.versions.node, 10) < 24
  const folder = checkOut(['src', 'dist'], ['@photostructure'])
  const { child, stdout, ended } = npmStart(folder, { DATABASE_URL: 'sqlite:tasks.db' })
  if (!isNeeded) {
    await vi.waitFor(() => expect(stdout()).toContain('"started"'), { timeout: 20_000 })
    child.kill('SIGTERM')
  }
  const { code, stderr } = await ended()
  expect({ code, stderr }).toEqual(
    isNeeded ? { code: 1, stderr: expect.stringMatching(ADVICE) } : { code: 0, stderr: '' },
  )
})

test('each change is built before it starts, and what does not compile is not started', {
  timeout: 90_000,
}, async () => {
  const folder = checkOutSmall('one')
  const start = () => npmStart(folder).ended()
  expect(await start()).toEqual({ code: 0, stdout: 'one\n', stderr: BUILDING })
  writeCli(folder, 'two')
  expect(await start()).toEqual({ code: 0, stdout: 'two\n', stderr: BUILDING })
  appendFileSync(join(folder, 'src/cli.ts'), 'export const wrong: string = 1\n')
  expect(await start()).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('src/cli.ts(2,'),
  })
  writeCli(folder, 'two')
  rmSync(join(folder, 'dist/core'), { recursive: true })
  expect(await start()).toEqual({ code: 0, stdout: 'two\n', stderr: BUILDING })
  expect(readdirSync(join(folder, 'dist/core'))).toContain('typebox.js')
})

const replaceIn = (path: string, text: string, by: string): void =>
  writeFileSync(path, readFileSync(path, 'utf8').replace(text, by))

const CHANGES: Readonly<Record<string, (folder: string) => void>> = {
  'a changed source': (folder) => appendFileSync(join(folder, 'src/cli.ts'), '\n'),
  'a new source': (folder) => writeFileSync(join(folder, 'src/more.ts'), ''),
  'a removed source': (folder) => rmSync(join(folder, 'src/core/typebox.ts')),
  'another lock file': (folder) => appendFileSync(join(folder, 'package-lock.json'), '\n'),
  'other compiler options': (folder) =>
    replaceIn(join(folder, 'tsconfig.json'), 'ES2023', 'ES2022'),
  'a changed file in dist': (folder) => appendFileSync(join(folder, 'dist/cli.js'), '\n'),
  'a removed file in dist': (folder) => rmSync(join(folder, 'dist/core/typebox.js')),
  'no dist': (folder) => rmSync(join(folder, 'dist'), { recursive: true }),
}

const isCurrent = (cwd: string): string => {
  const script = "import('./scripts/dist.mjs').then(({ isCurrent }) => console.log(isCurrent()))"
  return String(execFileSync(process.execPath, ['-e', script], { cwd })).trim()
}

test(`a build is needed after: ${Object.keys(CHANGES).join(', ')}`, () => {
  const built = checkOutSmall('one')
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: built, stdio: 'ignore' })
  expect(isCurrent(built)).toBe('true')
  for (const [change, make] of Object.entries(CHANGES)) {
    const folder = createFolder()
    for (const name of ['src', 'dist', ...BUILD_FILES])
      cpSync(join(built, name), join(folder, name), { recursive: true })
    make(folder)
    expect({ change, isCurrent: isCurrent(folder) }).toEqual({ change, isCurrent: 'false' })
  }
})
