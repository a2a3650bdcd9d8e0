import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '#src/config.ts'
import { VARIABLES } from '#src/config-variables.ts'
import { createFolder } from '../start-app.ts'

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

/** A file of the test's own with a secret in it, as an orchestrator mounts one. */
const secretFile = (text: string): string => {
  const path = join(createFolder(), 'secret')
  writeFileSync(path, text)
  return path
}

describe('the values', () => {
  test('an empty environment gives the defaults', () => {
    expect(loadConfig({})).toEqual({
      database: { kind: 'sqlite', path: './data/tasks.db' },
      host: '127.0.0.1',
      port: 8000,
      logLevel: 'info',
      shutdownDrainMs: 500,
    })
  })

  test('every variable is read', () => {
    const env = { DATABASE_URL: 'none', HOST: '::1', PORT: '65535', LOG_LEVEL: 'silent', SHUTDOWN_DRAIN_MS: '60000' }
    expect(Object.keys(env)).toEqual(VARIABLES.map(({ name }) => name))
    expect(loadConfig(env)).toEqual({
      database: { kind: 'none' },
      host: '::1',
      port: 65_535,
      logLevel: 'silent',
      shutdownDrainMs: 60_000,
    })
  })

  test('the defaults written out mean the same as an empty environment', () => {
    expect(loadConfig(Object.fromEntries(VARIABLES.map(({ name, fallback }) => [name, fallback])))).toEqual(loadConfig({}))
  })

  test('the configuration cannot be changed afterwards', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true)
  })

  test('an empty or blank variable counts as absent', () => {
    const blank = Object.fromEntries(VARIABLES.map(({ name }, index) => [name, index % 2 === 0 ? '' : '  ']))
    expect(loadConfig({ ...blank, DATABASE_URL_FILE: '' })).toEqual(loadConfig({}))
  })

  test.each([
    ['sqlite:tasks.db', 'tasks.db'],
    ['sqlite:./a b/tasks.db', './a b/tasks.db'],
    ['sqlite:/var/lib/tasks.db', '/var/lib/tasks.db'],
    ['sqlite:///var/lib/tasks.db', '/var/lib/tasks.db'],
    ['sqlite::memory:', ':memory:'],
  ])('DATABASE_URL=%s names the file %s', (url, path) => {
    expect(loadConfig({ DATABASE_URL: url }).database).toEqual({ kind: 'sqlite', path })
  })
})

describe('what is refused', () => {
  test.each([
    ['DATABASE_URL', ['sqlite:', 'sqlite', 'tasks.db', 'None', 'postgres://host/db', 'sqlite://data/tasks.db']],
    ['HOST', ['a b', '127.0.0.1/8', 'http://127.0.0.1', 'host\nname']],
    ['PORT', ['-1', '65536', '80.5', '0x50', '8e3', 'http', '1000000000000']],
    ['LOG_LEVEL', ['INFO', 'verbose', 'toString']],
    ['SHUTDOWN_DRAIN_MS', ['-1', '60001', '0.5', '1s', 'Infinity']],
  ])('a wrong %s is one problem that names it', (name, values) => {
    for (const value of values) expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(`^${name}: expected .+`)])
  })

  test('all problems are told at once, in the order of the variables', () => {
    const problems = problemsOf({
      DATABASE_URL: 'oracle:x',
      HOST: 'a b',
      PORT: 'x',
      LOG_LEVEL: 'loud',
      SHUTDOWN_DRAIN_MS: 'never',
    })
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual(VARIABLES.map(({ name }) => name))
  })

  test.each(['mongodb:/user:hunter2@db.example/tasks', 'mongodb:///tasks?p=hunter2', 'MONGODB://user:hunter2@db.example'])(
    'a URL of MongoDB that names no server is refused in words and its password is not shown: %s',
    (url) => {
      const [problem, ...others] = problemsOf({ DATABASE_URL: url })
      expect(others).toEqual([])
      expect(problem).toMatch(/^DATABASE_URL: expected .*mongodb:/)
      expect(problem).not.toMatch(/hunter2|db\.example/)
    },
  )

  test.each(['mongodb://user:hunter2@db.example/tasks', 'mongodb+srv://db.example/tasks?w=1'])('%s is MongoDB', (url) => {
    expect(loadConfig({ DATABASE_URL: url }).database).toEqual({ kind: 'mongodb', url })
  })

  test('a wrong secret is not shown', () => {
    expect(problemsOf({ DATABASE_URL: 'hunter2' }).join()).not.toContain('hunter2')
    expect(problemsOf({ DATABASE_URL_FILE: secretFile('hunter2') }).join()).not.toContain('hunter2')
  })
})

describe('a secret from a file', () => {
  test('is the text of the file without the line end', () => {
    expect(loadConfig({ DATABASE_URL_FILE: secretFile('sqlite:/srv/tasks.db\n') }).database).toEqual({
      kind: 'sqlite',
      path: '/srv/tasks.db',
    })
  })

  test('is refused beside the variable itself', () => {
    expect(problemsOf({ DATABASE_URL: 'none', DATABASE_URL_FILE: secretFile('none') })).toEqual([
      'DATABASE_URL and DATABASE_URL_FILE are both set: choose one',
    ])
  })

  test('is refused when the file cannot be read, beside every other problem', () => {
    const missing = join(createFolder(), 'missing')
    expect(problemsOf({ DATABASE_URL_FILE: missing, PORT: 'x' })).toEqual([
      `DATABASE_URL_FILE: the file ${missing} cannot be read`,
      expect.stringMatching(/^PORT: /),
    ])
  })

  test('is refused when the file is empty', () => {
    expect(problemsOf({ DATABASE_URL_FILE: secretFile('\n') })).toHaveLength(1)
  })
})

describe('.env.example', () => {
  const text = () => readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
  const lines = () => [...text().matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => ({ name, value }))

  test('lists every variable with its default, in order', () => {
    expect(lines().filter(({ name }) => !name?.endsWith('_FILE'))).toEqual(
      VARIABLES.map(({ name, fallback }) => ({ name, value: fallback })),
    )
  })

  test('lists the file of every secret and of nothing else', () => {
    expect(
      lines()
        .map(({ name }) => name)
        .filter((name) => name?.endsWith('_FILE')),
    ).toEqual(VARIABLES.filter(({ isSecret }) => isSecret).map(({ name }) => `${name}_FILE`))
  })

  test('sets nothing when it is copied as it is', () => {
    expect(parseEnv(text())).toEqual({})
  })
})
