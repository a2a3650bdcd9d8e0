import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { VARIABLES } from '#src/config-variables.ts'
import { createFolder } from '../start-app.ts'
import { runCommand, startProcess } from '../start-process.ts'

const run = (args: string[], env: Record<string, string> = {}, cwd = createFolder()) =>
  runCommand(args, env, cwd)

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string }

/** A stack trace or the name of an error's class: what a user should never be shown. */
const STACK = /\n\s+at |Error:/

describe('what it says of itself', () => {
  test.each(['--help', '-h'])(
    '%s names every command and every variable with its default',
    async (option) => {
      const { code, stdout, stderr } = await run([option])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      for (const command of ['serve', 'check-config', 'openapi', 'backup', 'restore'])
        expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'))
      for (const { name, fallback } of VARIABLES) {
        expect(stdout).toContain(`  ${name}\n`)
        if (fallback !== '') expect(stdout).toContain(`default: ${fallback}\n`)
      }
    },
  )

  test.each(['--version', '-v'])(
    '%s prints the version of package.json and nothing else',
    async (option) => {
      expect(await run([option])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    },
  )

  test('openapi prints the document as JSON without a database being made', async () => {
    const folder = createFolder()
    const { code, stdout, stderr } = await run(['openapi'], {}, folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\./),
      info: { version },
    })
    expect(() => readFileSync(join(folder, 'data'))).toThrow('ENOENT')
  })
})

describe('a command that is used wrongly', () => {
  test.each([
    [['start']],
    [['toString']],
    [['serve', 'twice']],
    [['--port', '3']],
    [['check-config', '--verbose']],
    [['backup']],
    [['restore', 'a', 'b']],
  ])('%j exits 64 and points to --help in one line', async (args) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
    expect(stderr).toMatch(/^task-manager-api: .*--help\n$/)
  })
})

describe('check-config', () => {
  test('says that a right configuration is right and makes no database', async () => {
    const folder = createFolder()
    expect(await run(['check-config'], {}, folder)).toEqual({
      code: 0,
      stdout: 'Configuration is valid.\n',
      stderr: '',
    })
    expect(() => readFileSync(join(folder, 'data'))).toThrow('ENOENT')
  })

  test.each(['check-config', 'serve'])(
    '%s exits 78 and tells every problem in words, a line each',
    async (command) => {
      const env = { DATABASE_URL: 'mongodb:/u:hunter2@h/db', PORT: 'http', LOG_LEVEL: 'loud' }
      const { code, stdout, stderr } = await run([command], env)
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
      expect(stderr.trimEnd().split('\n')).toEqual([
        expect.stringMatching(/^task-manager-api: DATABASE_URL: expected .*mongodb:/),
        expect.stringMatching(/^task-manager-api: PORT: expected .*65535/),
        expect.stringMatching(/^task-manager-api: LOG_LEVEL: expected .*silent/),
      ])
      expect(stderr).not.toMatch(STACK)
      expect(stderr).not.toContain('hunter2')
    },
  )
})

describe('half of a GitHub configuration', () => {
  const HALVES: Readonly<Record<string, Record<string, string>>> = {
    GITHUB_REPOSITORY: { GITHUB_REPOSITORY: 'acme/hunter2' },
    GITHUB_TOKEN: { GITHUB_TOKEN: 'hunter2' },
    GITHUB_WEBHOOK_SECRET: { GITHUB_WEBHOOK_SECRET: 'hunter2' },
    GITHUB_APP_ID: { GITHUB_APP_ID: 'hunter2' },
  }

  test.each(Object.entries(HALVES))('%s alone is an error of check-config', async (name, env) => {
    const { code, stdout, stderr } = await run(['check-config'], env)
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toMatch(new RegExp(`^task-manager-api: ${name}: set without .*GITHUB_.*\\n$`))
    expect(stderr).not.toContain('hunter2')
  })

  test('that is in a file of a secret is an error of check-config', async () => {
    const folder = createFolder()
    writeFileSync(join(folder, 'token'), 'hunter2\n')
    const { code, stderr } = await run(['check-config'], { GITHUB_TOKEN_FILE: 'token' }, folder)
    expect({ code, stderr }).toEqual({
      code: 78,
      stderr: expect.stringContaining('GITHUB_TOKEN: set without GITHUB_REPOSITORY'),
    })
  })

  test.each(Object.entries(HALVES))(
    '%s alone is one warning of a service, which starts without GitHub',
    async (name, env) => {
      const service = await startProcess(
        { ...env, DATABASE_URL: 'none', SHUTDOWN_DRAIN_MS: '0' },
        createFolder(),
      )
      const status = await fetch(`${service.url}/github/status`)
      expect([status.status, await status.json()]).toEqual([
        404,
        expect.objectContaining({ code: 'github_not_configured' }),
      ])
      expect(await service.end('SIGTERM')).toBe(0)
      const lines = service.output().match(/^\{.*/gm) ?? []
      const warnings = lines
        .map((line) => JSON.parse(line) as object)
        .filter((line) => 'level' in line && line.level === 40)
      expect(warnings).toEqual([
        expect.objectContaining({ msg: expect.stringMatching(`^${name}: set without `) }),
      ])
      expect(service.output()).not.toContain('hunter2')
    },
  )
})

describe('the .env file of the working directory', () => {
  const folderWith = (text: string): string => {
    const folder = createFolder()
    writeFileSync(join(folder, '.env'), text)
    return folder
  }

  test('is read', async () => {
    const { code, stderr } = await run(
      ['check-config'],
      {},
      folderWith('PORT=http\n# LOG_LEVEL=loud\nHOST="a b"\n'),
    )
    expect(code).toBe(78)
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringContaining('HOST: '),
      expect.stringContaining('PORT: '),
    ])
  })

  test('gives way to the environment', async () => {
    expect((await run(['check-config'], { PORT: '8001' }, folderWith('PORT=http\n'))).code).toBe(0)
    expect((await run(['check-config'], { PORT: 'http' }, folderWith('PORT=8001\n'))).code).toBe(78)
  })

  test('does not give way to an empty variable, as that counts as absent', async () => {
    expect((await run(['check-config'], { PORT: '' }, folderWith('PORT=http\n'))).code).toBe(78)
  })

  test('is read past a byte order mark', async () => {
    const { code, stderr } = await run(['check-config'], {}, folderWith('\uFEFFPORT=http\n'))
    expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringMatching(/PORT: expected/) })
  })

  test('names the database of the service', async () => {
    const folder = folderWith('DATABASE_URL=sqlite:./elsewhere/mine.db\n')
    const service = await startProcess({}, folder)
    expect(service.output()).toContain('./elsewhere/mine.db')
    expect(readFileSync(join(folder, 'elsewhere/mine.db')).subarray(0, 15).toString()).toBe(
      'SQLite format 3',
    )
    expect(await service.end('SIGTERM')).toBe(0)
  })

  test('that cannot be read is a problem of the configuration', async () => {
    const folder = createFolder()
    mkdirSync(join(folder, '.env'))
    const { code, stderr } = await run(['check-config'], {}, folder)
    expect({ code, stderr }).toEqual({
      code: 78,
      stderr: 'task-manager-api: .env: the file cannot be read\n',
    })
  })
})
