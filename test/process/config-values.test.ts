import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '#src/config.ts'
import { VARIABLES, type VariableName } from '#src/config-variables.ts'
import { createFolder } from '../start-app.ts'
import { runCommand } from '../start-process.ts'

const PEM = { type: 'pkcs8', format: 'pem' } as const
const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(PEM).toString()
const APP = {
  GITHUB_APP_ID: '7',
  GITHUB_APP_PRIVATE_KEY: KEY.replaceAll('\n', '\\n'),
  GITHUB_APP_INSTALLATION_ID: '8',
}

/** A right value of each variable: other than its default, and none that is alone of its kind. */
const SAMPLES: Readonly<Record<VariableName, string>> = {
  DATABASE_URL: 'sqlite:./a b.db',
  HOST: '::1',
  PORT: '8001',
  PUBLIC_URL: 'https://tasks.example.com/api/v1',
  ALLOWED_HOSTS: 'tasks.lan, 10.0.0.1',
  CORS_ORIGINS: 'https://app.example.com',
  TRUSTED_PROXIES: '10.0.0.0/8',
  LOG_LEVEL: 'warn',
  SHUTDOWN_DRAIN_MS: '1',
  GITHUB_REPOSITORY: 'acme/tasks',
  GITHUB_TOKEN: 'github_pat_11AB.c-d',
  ...APP,
  GITHUB_API_URL: 'https://ghe.example/api/v3',
  GITHUB_WEBHOOK_SECRET: 'a secret with blanks',
  GITHUB_WEBHOOK_SECRET_PREVIOUS: 'it"s',
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

/** An environment of right values with this one of them: with a token, unless it is about an app. */
const environmentWith = (name: VariableName, text: string): Record<string, string> => {
  const isApp = name.startsWith('GITHUB_APP_')
  const rest = Object.entries(SAMPLES).filter(([other]) =>
    isApp ? other !== 'GITHUB_TOKEN' : !other.startsWith('GITHUB_APP_'),
  )
  return { ...Object.fromEntries(rest), [name]: text }
}

const names = fc.constantFrom(...VARIABLES.map(({ name }) => name))
const quotes = fc.constantFrom('"', "'")
const blanks = fc.constantFrom('', ' ', '\t', '\r', ' \n')

describe('quotes around a value, as docker run --env-file passes them on', () => {
  test('of any variable count as none, with blanks on either side of them', () => {
    fc.assert(
      fc.property(names, quotes, blanks, blanks, (name, quote, outside, inside) => {
        const text = [outside, quote, inside, SAMPLES[name], inside, quote, outside].join('')
        expect(loadConfig(environmentWith(name, text))).toEqual(
          loadConfig(environmentWith(name, SAMPLES[name])),
        )
      }),
    )
  })

  test('around nothing make an absent variable', () => {
    fc.assert(
      fc.property(names, quotes, blanks, (name, quote, blank) => {
        expect(loadConfig({ [name]: quote + blank + quote })).toEqual(loadConfig({}))
      }),
    )
  })

  test('in a file of a secret, and around its path, count as none', () => {
    const file = join(createFolder(), 'secret')
    writeFileSync(file, '"sqlite:/srv/tasks.db"\n')
    for (const path of [file, `"${file}"`, `'${file}'`])
      expect(loadConfig({ DATABASE_URL_FILE: path }).database).toEqual({
        kind: 'sqlite',
        path: '/srv/tasks.db',
      })
  })

  test('around the name of a label count as none', () => {
    const imports = { kind: 'label', name: 'from github' }
    for (const text of [
      'label:"from github"',
      "label: 'from github'",
      '"label:from github"',
      `'label:"from github"'`,
    ])
      expect(loadConfig(environmentWith('GITHUB_IMPORT', text)).github?.imports).toEqual(imports)
  })

  test('around nothing give way to the .env file', async () => {
    const folder = createFolder()
    writeFileSync(join(folder, '.env'), 'PORT=http\n')
    expect((await runCommand(['check-config'], { PORT: '""' }, folder)).code).toBe(78)
  })

  const LITERAL: ReadonlySet<string> = new Set([
    'DATABASE_URL',
    'GITHUB_WEBHOOK_SECRET',
    'GITHUB_WEBHOOK_SECRET_PREVIOUS',
  ])

  test.each(VARIABLES.map(({ name }) => name).filter((name) => !LITERAL.has(name)))(
    'on one side alone, or of two kinds, are refused: %s',
    (name) => {
      for (const [before, after] of [
        ['"', ''],
        ["'", ''],
        ['"', "'"],
      ] as const)
        expect(problemsOf(environmentWith(name, before + SAMPLES[name] + after))).toEqual([
          expect.stringMatching(`^${name}: expected `),
        ])
    },
  )
})

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
