import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '#src/config.ts'

const PEM = { type: 'pkcs8', format: 'pem' } as const
const TOKEN = { GITHUB_TOKEN: 'ghp_hunter2' }

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('GITHUB_REPOSITORY', () => {
  const repositoryOf = (text: string) =>
    loadConfig({ ...TOKEN, GITHUB_REPOSITORY: text }).github?.repository

  const LETTERS = [...'abcXYZ019-_.']
  const parts = fc
    .string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 12 })
    .filter((part) => !/^\.{1,2}$|\.git$/.test(part))

  test('is owner/name, also with the end of a copied URL', () => {
    fc.assert(
      fc.property(
        parts,
        parts,
        fc.constantFrom('', '.git', '/', '.git/', '.GIT'),
        (owner, name, end) => {
          expect(repositoryOf(`${owner}/${name}${end}`)).toBe(`${owner}/${name}`)
        },
      ),
    )
  })

  test.each([
    'acme',
    'acme/',
    '/tasks',
    'acme//tasks',
    'acme/tasks/issues',
    'acme/.git',
    'acme/tasks.git.git',
    'acme.git/tasks',
    'acme/..',
    '../tasks',
    './tasks',
    'acme / tasks',
    'acme/tasks # the issues',
    'acme/tasks?x=1',
    'acme\\tasks',
    'acme/täsks',
    'github.com/acme/tasks',
    'https://github.com/acme/tasks',
    'https://github.com/acme/tasks.git',
    'https://ghe.example/acme/tasks/',
    'git@github.com:acme/tasks.git',
    'ssh://git@github.com/acme/tasks.git',
  ])('is refused with what is expected: %s', (text) => {
    expect(problemsOf({ ...TOKEN, GITHUB_REPOSITORY: text })).toEqual([
      expect.stringMatching(/^GITHUB_REPOSITORY: expected .*owner\/name.*URL/),
    ])
  })
})

describe('GITHUB_API_URL', () => {
  const apiOf = (text: string) =>
    loadConfig({ ...TOKEN, GITHUB_REPOSITORY: 'acme/tasks', GITHUB_API_URL: text }).github?.apiUrl
  const slashes = fc.constantFrom('', '/', '//')

  test('of an Enterprise server has /api/v3, whether it is given or not', () => {
    const hosts = fc
      .domain()
      .filter((host) => !/(?:^|\.)(?:github\.com|ghe\.com|localhost)$/.test(host))
    const ports = fc.constantFrom('', ':8443')
    fc.assert(
      fc.property(
        hosts,
        ports,
        fc.constantFrom('', '/api/v3'),
        slashes,
        (host, port, path, end) => {
          expect(apiOf(`https://${host}${port}${path}${end}`)).toBe(`https://${host}${port}/api/v3`)
        },
      ),
    )
  })

  test.each([
    ['https://api.github.com', 'https://api.github.com'],
    ['https://github.com', 'https://api.github.com'],
    ['HTTPS://GitHub.com', 'https://api.github.com'],
    ['https://octo.ghe.com', 'https://api.octo.ghe.com'],
    ['https://api.octo.ghe.com', 'https://api.octo.ghe.com'],
    ['https://ghe.example:443', 'https://ghe.example/api/v3'],
    ['https://proxy.example/github/api/v3', 'https://proxy.example/github/api/v3'],
    ['https://192.0.2.7', 'https://192.0.2.7/api/v3'],
    ['http://127.0.0.1:9', 'http://127.0.0.1:9'],
    ['http://localhost:9/api/v3', 'http://localhost:9/api/v3'],
    ['http://[::1]:9/anything', 'http://[::1]:9/anything'],
  ])('%s is the API at %s, with a slash after it too', (text, url) => {
    expect([apiOf(text), apiOf(`${text}/`)]).toEqual([url, url])
  })

  test.each([
    'ghe.example',
    'ghe.example/api/v3',
    '//ghe.example/api/v3',
    'http://ghe.example/api/v3',
    'http://api.github.com',
    'ftp://ghe.example',
    'https://',
    'https://user@ghe.example',
    'https://user:hunter2@ghe.example/api/v3',
    'https://ghe.example/api',
    'https://ghe.example/api/v4',
    'https://ghe.example/API/V3',
    'https://ghe.example/api/v3/repos/acme/tasks',
    'https://ghe.example/api/graphql',
    'https://ghe.example//api/v3',
    'https://ghe.example/acme/tasks',
    'https://ghe.example/api/v3?x=1',
    'https://ghe.example/api/v3#here',
    'https://ghe.example?',
    'https://ghe.example/api/v3 # ours',
    'http://127.0.0.1:9/?x=1',
    'https://api.github.com/api/v3',
    'https://github.com/acme/tasks',
    'https://octo.ghe.com/api/v3',
    'https://docs.github.com',
    'https://ghe.com',
    'https://api.ghe.com',
  ])('is refused with what is expected: %s', (text) => {
    const problems = problemsOf({ ...TOKEN, GITHUB_REPOSITORY: 'acme/tasks', GITHUB_API_URL: text })
    expect(problems).toEqual([
      expect.stringMatching(/^GITHUB_API_URL: expected .*https:\/\/HOST\/api\/v3/),
    ])
    expect(problems.join()).not.toContain('hunter2')
  })
})

describe('GITHUB_TOKEN and GITHUB_APP_…', () => {
  const REPOSITORY = { GITHUB_REPOSITORY: 'acme/tasks' }

  test.each([
    'ghp_0aZ',
    'github_pat_11AB_c',
    'ghs_eyJh.eyJp-b_c.d',
    '0123456789abcdef0123456789abcdef01234567',
  ])('a token may be %s', (token) => {
    const { github } = loadConfig({ ...REPOSITORY, GITHUB_TOKEN: token })
    expect(github?.credential).toEqual({ kind: 'token', token })
  })

  test.each([
    'Bearer hunter2',
    'token hunter2',
    'hunter2 # mine',
    'hunter2,',
    '<hunter2>',
    'hunter2…',
    '$(cat hunter2)',
  ])('a token that no header takes as it is, is refused and not shown: %s', (token) => {
    const problems = problemsOf({ ...REPOSITORY, GITHUB_TOKEN: token })
    expect(problems).toEqual([
      expect.stringMatching(/^GITHUB_TOKEN: expected .*without spaces or quotes/),
    ])
    expect(problems.join()).not.toContain('hunter2')
  })

  const appOf = (id: string, key: string) =>
    ({
      ...REPOSITORY,
      GITHUB_APP_ID: id,
      GITHUB_APP_PRIVATE_KEY: key,
      GITHUB_APP_INSTALLATION_ID: '8',
    }) as const
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(PEM).toString()

  test.each(['77', 'Iv1.8a61f9b3a7aba766', 'Iv23liXYZ'])(
    'the id of an app may be its client ID: %s',
    (appId) => {
      expect(loadConfig(appOf(appId, rsa)).github?.credential).toMatchObject({ kind: 'app', appId })
    },
  )

  test.each([
    ['EC', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(PEM).toString()],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey.export(PEM).toString()],
  ])('a key of an app that is not RSA is refused: %s', (_, key) => {
    expect(problemsOf(appOf('7', key))).toEqual([
      expect.stringMatching(/^GITHUB_APP_PRIVATE_KEY: expected .*RSA/),
    ])
  })
})

describe('what the sync needs, in part', () => {
  const APP = ['GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_INSTALLATION_ID'] as const
  const SECRETS = ['GITHUB_WEBHOOK_SECRET', 'GITHUB_WEBHOOK_SECRET_PREVIOUS'] as const
  const VALUES = {
    GITHUB_REPOSITORY: 'hunter2/tasks',
    GITHUB_TOKEN: 'hunter2',
    GITHUB_APP_ID: '7',
    GITHUB_APP_PRIVATE_KEY: generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export(PEM)
      .toString(),
    GITHUB_APP_INSTALLATION_ID: '8',
    GITHUB_WEBHOOK_SECRET: 'hunter2',
    GITHUB_WEBHOOK_SECRET_PREVIOUS: 'hunter2',
  } as const
  type Name = keyof typeof VALUES
  const envOf = (names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, VALUES[name]]))
  const subsets = fc.subarray(Object.keys(VALUES) as Name[])
  const hasCredential = (set: readonly Name[]) =>
    set.includes('GITHUB_TOKEN') || APP.some((name) => set.includes(name))

  test('is no GitHub, and names all that is set and all that is missing, and no value', () => {
    const partial = subsets.filter(
      (set) => set.length > 0 && !(set.includes('GITHUB_REPOSITORY') && hasCredential(set)),
    )
    fc.assert(
      fc.property(partial, (set) => {
        const { github, incompleteGithub = '' } = loadConfig(envOf(set))
        expect(github).toBeUndefined()
        const [before, after = ''] = incompleteGithub.split(': set without ')
        expect(before).toBe(set.join(', '))
        expect(after.includes('GITHUB_REPOSITORY')).toBe(!set.includes('GITHUB_REPOSITORY'))
        expect(after.includes('GITHUB_TOKEN')).toBe(!hasCredential(set))
        const isApp = APP.some((name) => set.includes(name)) && !set.includes('GITHUB_TOKEN')
        for (const name of APP) expect(after.includes(name)).toBe(isApp && !set.includes(name))
        expect(incompleteGithub).not.toMatch(/hunter2|PRIVATE KEY-/)
      }),
    )
  })

  test('is refused where the repository is there and the app is not whole', () => {
    fc.assert(
      fc.property(
        fc.subarray([...APP], { minLength: 1, maxLength: 2 }),
        fc.subarray([...SECRETS]),
        (app, secrets) => {
          const problems = problemsOf(envOf(['GITHUB_REPOSITORY', ...app, ...secrets]))
          const missing = APP.filter((name) => !app.includes(name))
          expect(problems).toEqual([
            expect.stringMatching(`^${missing.join(' and ')}: .*all three`),
          ])
        },
      ),
    )
  })

  test('is not said where all or nothing of it is there', () => {
    const whole = [
      ['GITHUB_REPOSITORY', 'GITHUB_TOKEN'],
      ['GITHUB_REPOSITORY', ...APP],
      ['GITHUB_REPOSITORY', ...APP, ...SECRETS],
    ] as const
    for (const set of whole) {
      const { github, incompleteGithub } = loadConfig(envOf(set))
      expect([github?.repository, incompleteGithub]).toEqual(['hunter2/tasks', undefined])
    }
    expect(
      loadConfig({ GITHUB_API_URL: 'https://ghe.example', GITHUB_IMPORT: 'all' }).incompleteGithub,
    ).toBeUndefined()
  })
})
