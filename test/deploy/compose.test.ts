import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '#src/config.ts'

interface Service {
  readonly image: string
  readonly build?: string
  readonly profiles?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly networks?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly command?: readonly string[]
  readonly user?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly mem_limit?: string
  readonly pids_limit?: number
  readonly stop_grace_period?: string
  readonly healthcheck?: { readonly test: readonly string[]; readonly retries: number }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, null>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
}

const text = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

const { services, volumes, networks } = parse(text('compose.yaml'), { merge: true }) as Compose
const service = (name: string): Service => {
  const found = services[name]
  if (found === undefined) throw new Error(`there is no service ${name}`)
  return found
}

describe.each(['task-manager', 'task-manager-mongodb'])('the service %s', (name) => {
  const one = service(name)

  test('runs the image of this folder with as few rights as it needs', () => {
    expect(one).toMatchObject({
      image: 'task-manager-api',
      build: '.',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: '256m',
      pids_limit: 100,
    })
    expect(one.tmpfs).toContainEqual(expect.stringMatching(/^\/tmp:size=/))
    expect(one).not.toHaveProperty('user')
    expect(one).not.toHaveProperty('healthcheck')
    expect(one).not.toHaveProperty('command')
  })

  test('is reached from this machine alone, where the image listens', () => {
    expect(one.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+:8000$/)])
    expect(one.environment).toMatchObject({ HOST: '0.0.0.0', PORT: '8000' })
  })

  test('reads .env where there is one, but not what the container itself must decide', () => {
    expect(one.env_file).toEqual([{ path: '.env', required: false }])
    expect(Object.keys(one.environment ?? {})).toEqual([
      'HOST',
      'PORT',
      'DATABASE_URL',
      'DATABASE_URL_FILE',
    ])
  })

  test('has longer to stop than it takes', () => {
    expect(Number.parseInt(one.stop_grace_period ?? '', 10)).toBeGreaterThan(8)
  })
})

test('without a profile it is the service alone, its SQLite file in a volume', () => {
  expect(Object.keys(services).filter((name) => service(name).profiles === undefined)).toEqual([
    'task-manager',
  ])
  const { environment = {}, volumes: mounted } = service('task-manager')
  expect(loadConfig(environment).database).toEqual({ kind: 'sqlite', path: '/data/tasks.db' })
  expect(mounted).toEqual(['tasks:/data'])
})

describe('with the profile mongodb', () => {
  const { command = [], healthcheck, ...mongodb } = service('mongodb')
  const url = new URL(service('task-manager-mongodb').environment?.DATABASE_URL ?? '')
  const script = healthcheck?.test.at(-1) ?? ''

  test('both services have it, and the service waits for the database to be ready', () => {
    expect(service('task-manager-mongodb').profiles).toEqual(['mongodb'])
    expect(mongodb.profiles).toEqual(['mongodb'])
    expect(service('task-manager-mongodb').depends_on).toEqual({
      mongodb: { condition: 'service_healthy' },
    })
  })

  test('the address names the database and its replica set as they are', () => {
    expect(url).toMatchObject({ protocol: 'mongodb:', host: 'mongodb:27017', pathname: '/tasks' })
    expect(url.searchParams.get('replicaSet')).toBe(command[command.indexOf('--replSet') + 1])
  })

  test('the database is reached by the service alone', () => {
    expect(mongodb).not.toHaveProperty('ports')
    expect(mongodb.networks).toEqual(['mongodb'])
    expect(networks.mongodb?.internal).toBe(true)
    expect(service('task-manager-mongodb').networks).toEqual(['default', 'mongodb'])
    expect(mongodb).toMatchObject({
      user: 'mongodb',
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
  })

  /** Runs the health check against a server in a state, with what mongosh knows replaced. */
  const check = (state: 'new' | 'starting' | 'primary' | 'denied') => {
    const initiated: unknown[] = []
    const refuse = (codeName: string): never => {
      throw Object.assign(new Error(codeName), { codeName })
    }
    const rs = {
      status: () =>
        state === 'new'
          ? refuse('NotYetInitialized')
          : state === 'denied'
            ? refuse('Unauthorized')
            : { ok: 1 },
      initiate: (configuration: unknown) => initiated.push(configuration),
    }
    let code = 0
    const quit = (given: number) => (code = given)
    runInNewContext(script, {
      rs,
      quit,
      db: { hello: () => ({ isWritablePrimary: state === 'primary' }) },
    })
    return { code, initiated: JSON.parse(JSON.stringify(initiated)) as unknown }
  }

  test('the health check starts the replica set once and passes when it has a primary', () => {
    expect(healthcheck?.test.slice(0, -1)).toEqual(['CMD', 'mongosh', '--quiet', '--eval'])
    const members = [{ _id: 0, host: url.host }]
    expect(check('new')).toEqual({
      code: 1,
      initiated: [{ _id: url.searchParams.get('replicaSet'), members }],
    })
    expect(check('starting')).toEqual({ code: 1, initiated: [] })
    expect(check('primary')).toEqual({ code: 0, initiated: [] })
    expect(() => check('denied')).toThrow('Unauthorized')
  })
})

test('every volume and every network that is used is there, and none besides', () => {
  const used = Object.values(services).flatMap(({ volumes: mounted = [] }) =>
    mounted.map((one) => one.split(':')[0]),
  )
  expect(Object.keys(volumes).sort()).toEqual([...new Set(used)].sort())
  const joined = Object.values(services).flatMap((one) => one.networks ?? [])
  expect(Object.keys(networks)).toEqual([...new Set(joined)].filter((name) => name !== 'default'))
})
