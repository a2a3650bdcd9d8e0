import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '#src/config.ts'
import { VARIABLES } from '#src/config-variables.ts'
import { createFolder } from '../start-app.ts'

const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()

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
      network: {
        host: '127.0.0.1',
        publicUrl: undefined,
        allowedHosts: [],
        corsOrigins: [],
        trustedProxies: [],
      },
      port: 8000,
      logLevel: 'info',
      shutdownDrainMs: 500,
    })
  })

  test('every variable is read', () => {
    const env = {
      DATABASE_URL: 'sqlite:a.db',
      HOST: '::1',
      PORT: '65535',
      PUBLIC_URL: 'HTTPS://Tasks.example.com:443/api/v1',
      ALLOWED_HOSTS: 'Tasks.lan, 10.0.0.1,[fd00::1] ,tasks.lan.',
      CORS_ORIGINS: 'https://app.example.com,http://localhost:5173/',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      LOG_LEVEL: 'silent',
      SHUTDOWN_DRAIN_MS: '60000',
      GITHUB_REPOSITORY: 'acme/tasks',
      GITHUB_TOKEN: '',
      GITHUB_APP_ID: '7',
      GITHUB_APP_PRIVATE_KEY: KEY.replaceAll('\n', '\\n'),
      GITHUB_APP_INSTALLATION_ID: '4294967296',
      GITHUB_API_URL: 'http://127.0.0.1:9/api/',
      GITHUB_WEBHOOK_SECRET: 'new',
      GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old',
      GITHUB_IMPORT: 'label:from github',
      GITHUB_CONFLICT: 'task',
      GITHUB_CREATE_WAIT_MS: '0',
      GITHUB_REQUEST_TIMEOUT_MS: '1',
      GITHUB_WRITE_INTERVAL_MS: '2',
      GITHUB_CREATES_PER_MINUTE: '3',
      GITHUB_CREATES_PER_HOUR: '4',
      GITHUB_LOOKUP_DELAYS_MS: '5, 6',
      GITHUB_SWEEP_INTERVAL_MS: '70',
      GITHUB_RETRY_BASE_MS: '8',
      GITHUB_LEASE_MS: '900',
    }
    expect(Object.keys(env)).toEqual(VARIABLES.map(({ name }) => name))
    expect(loadConfig(env)).toEqual({
      database: { kind: 'sqlite', path: 'a.db' },
      network: {
        host: '::1',
        publicUrl: new URL('https://tasks.example.com/api/v1'),
        allowedHosts: ['tasks.lan', '10.0.0.1', 'fd00::1'],
        corsOrigins: ['https://app.example.com', 'http://localhost:5173'],
        trustedProxies: ['10.0.0.0/8', '::1'],
      },
      port: 65_535,
      logLevel: 'silent',
      shutdownDrainMs: 60_000,
      github: {
        repository: 'acme/tasks',
        credential: { kind: 'app', appId: '7', privateKey: KEY, installationId: 4_294_967_296 },
        apiUrl: 'http://127.0.0.1:9/api',
        webhookSecrets: ['new', 'old'],
        imports: { kind: 'label', name: 'from github' },
        conflict: 'task',
        createWaitMs: 0,
        requestTimeoutMs: 1,
        writeIntervalMs: 2,
        createsPerMinute: 3,
        createsPerHour: 4,
        lookupDelaysMs: [5, 6],
        sweepIntervalMs: 70,
        retryBaseMs: 8,
        leaseMs: 900,
      },
    })
  })

  test('of a token is all that GitHub needs beside the repository', () => {
    const { github } = loadConfig({ GITHUB_REPOSITORY: 'acme/tasks', GITHUB_TOKEN: 't' })
    expect(github).toMatchObject({
      credential: { kind: 'token', token: 't' },
      apiUrl: 'https://api.github.com',
      createWaitMs: 3000,
    })
  })

  test.each([{ GITHUB_TOKEN: 't' }, { GITHUB_REPOSITORY: 'acme/tasks' }])(
    'of one of the two alone mean no GitHub: %j',
    (env) => {
      expect(loadConfig(env).github).toBeUndefined()
    },
  )

  test('of an app may be a key in PKCS#1', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    const env = {
      GITHUB_REPOSITORY: 'a/b',
      GITHUB_APP_ID: '7',
      GITHUB_APP_PRIVATE_KEY: pkcs1,
      GITHUB_APP_INSTALLATION_ID: '8',
    }
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    expect(loadConfig(env).github?.credential).toMatchObject({ privateKey: pkcs8 })
  })

  test('the defaults written out mean the same as an empty environment', () => {
    expect(
      loadConfig(Object.fromEntries(VARIABLES.map(({ name, fallback }) => [name, fallback]))),
    ).toEqual(loadConfig({}))
  })

  test('the configuration cannot be changed afterwards', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true)
  })

  test('an empty or blank variable counts as absent', () => {
    const blank = Object.fromEntries(
      VARIABLES.map(({ name }, index) => [name, index % 2 === 0 ? '' : '  ']),
    )
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
    [
      'DATABASE_URL',
      ['sqlite:', 'sqlite', 'tasks.db', 'None', 'postgres://host/db', 'sqlite://data/tasks.db'],
    ],
    ['HOST', ['a b', '127.0.0.1/8', 'http://127.0.0.1', 'host\nname']],
    ['PORT', ['-1', '65536', '80.5', '0x50', '8e3', 'http', '1000000000000']],
    [
      'PUBLIC_URL',
      [
        'tasks.example.com',
        'ftp://x',
        'https://u:p@x',
        'https://x/?a',
        'https://x/#a',
        'https://x//y',
        '/api',
      ],
    ],
    [
      'ALLOWED_HOSTS',
      ['a b', 'http://a', 'a:8000', 'a/b', '*', 'a..b', '[::1]:80', '10.0.0.0/8,x'],
    ],
    [
      'CORS_ORIGINS',
      ['*', 'null', 'app.example.com', 'https://a/b', 'https://a:443', 'https://a,b', 'ftp://a'],
    ],
    ['TRUSTED_PROXIES', ['10.0.0.0/33', '10.0.0', 'proxy', '*', '10.0.0.1:80', 'loopback']],
    ['LOG_LEVEL', ['INFO', 'verbose', 'toString']],
    ['SHUTDOWN_DRAIN_MS', ['-1', '60001', '0.5', '1s', 'Infinity']],
  ])('a wrong %s is one problem that names it', (name, values) => {
    for (const value of values)
      expect(problemsOf({ [name]: value })).toEqual([
        expect.stringMatching(`^${name}: expected .+`),
      ])
  })

  test('all problems are told at once, in the order of the variables', () => {
    const problems = problemsOf({
      DATABASE_URL: 'oracle:x',
      HOST: 'a b',
      PORT: 'x',
      LOG_LEVEL: 'loud',
      SHUTDOWN_DRAIN_MS: 'never',
      GITHUB_REPOSITORY: 'acme',
      GITHUB_API_URL: 'http://github.example',
      GITHUB_IMPORT: 'some',
      GITHUB_LEASE_MS: '1',
    })
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual([
      'DATABASE_URL',
      'HOST',
      'PORT',
      'LOG_LEVEL',
      'SHUTDOWN_DRAIN_MS',
      'GITHUB_REPOSITORY',
      'GITHUB_API_URL',
      'GITHUB_IMPORT',
      'GITHUB_LEASE_MS',
    ])
  })

  test.each([
    [{ GITHUB_TOKEN: 't', GITHUB_APP_ID: '7' }, /choose one/],
    [{ GITHUB_APP_ID: '7' }, /all three/],
    [{ GITHUB_TOKEN: 't', DATABASE_URL: 'none' }, /needs a database/],
    [
      { GITHUB_TOKEN: 't', GITHUB_API_URL: 'https://user:hunter2@github.example' },
      /GITHUB_API_URL: expected/,
    ],
    [
      { GITHUB_APP_ID: '7', GITHUB_APP_INSTALLATION_ID: '8', GITHUB_APP_PRIVATE_KEY: 'hunter2' },
      /GITHUB_APP_PRIVATE_KEY: expected/,
    ],
  ])('a GitHub that is half set up is refused in words: %j', (env, words) => {
    const problems = problemsOf({ GITHUB_REPOSITORY: 'acme/tasks', ...env }).join('\n')
    expect(problems).toMatch(words)
    expect(problems).not.toContain('hunter2')
  })

  test.each([
    'mongodb:/user:hunter2@db.example/tasks',
    'mongodb:///tasks?p=hunter2',
    'MONGODB://user:hunter2@db.example',
  ])(
    'a URL of MongoDB that names no server is refused in words and its password is not shown: %s',
    (url) => {
      const [problem, ...others] = problemsOf({ DATABASE_URL: url })
      expect(others).toEqual([])
      expect(problem).toMatch(/^DATABASE_URL: expected .*mongodb:/)
      expect(problem).not.toMatch(/hunter2|db\.example/)
    },
  )

  test.each(['mongodb://user:hunter2@db.example/tasks', 'mongodb+srv://db.example/tasks?w=1'])(
    '%s is MongoDB',
    (url) => {
      expect(loadConfig({ DATABASE_URL: url }).database).toEqual({ kind: 'mongodb', url })
    },
  )

  test('a wrong secret is not shown', () => {
    expect(problemsOf({ DATABASE_URL: 'hunter2' }).join()).not.toContain('hunter2')
    expect(problemsOf({ DATABASE_URL_FILE: secretFile('hunter2') }).join()).not.toContain('hunter2')
  })
})

describe('a secret from a file', () => {
  test('is the text of the file without the line end', () => {
    expect(
      loadConfig({ DATABASE_URL_FILE: secretFile('sqlite:/srv/tasks.db\n') }).database,
    ).toEqual({
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
  const lines = () =>
    [...text().matchAll(/^# ([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => ({ name, value }))

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
    ).toEqual(
      VARIABLES.filter((variable) => 'isSecret' in variable).map(({ name }) => `${name}_FILE`),
    )
  })

  test('sets nothing when it is copied as it is, nor as the --env-file of docker run', () => {
    expect(parseEnv(text())).toEqual({})
    expect(text().match(/^[^#\n].*/gm)).toBeNull()
  })
})
