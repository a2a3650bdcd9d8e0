import { readFileSync } from 'node:fs'

/** Where the tasks are kept. */
export type DatabaseTarget =
  | { readonly kind: 'none' }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'mongodb'; readonly url: string }

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export interface Config {
  readonly database: DatabaseTarget
  readonly host: string
  readonly port: number
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** How long the service still answers after it was told to stop, so that balancers see it leave. */
  readonly shutdownDrainMs: number
}

interface Variable {
  readonly name: string
  readonly fallback: string
  readonly about: string
  /** A secret may come from a file instead: NAME_FILE holds its path. */
  readonly isSecret: boolean
}

/** Every variable that the service reads, in the order of `.env.example`. */
export const VARIABLES = [
  {
    name: 'DATABASE_URL',
    fallback: 'sqlite:./data/tasks.db',
    about: 'where the tasks are kept: sqlite:PATH, sqlite::memory: (gone at exit), mongodb://…, mongodb+srv://… or none',
    isSecret: true,
  },
  { name: 'HOST', fallback: '127.0.0.1', about: 'the address to listen on; 0.0.0.0 is every one', isSecret: false },
  { name: 'PORT', fallback: '8000', about: 'the port to listen on, 0 to 65535; 0 takes a free one', isSecret: false },
  { name: 'LOG_LEVEL', fallback: 'info', about: `the least that is logged: ${LOG_LEVELS.join(', ')}`, isSecret: false },
  {
    name: 'SHUTDOWN_DRAIN_MS',
    fallback: '500',
    about: 'how long answers go on after SIGTERM before the port closes, 0 to 60000 milliseconds',
    isSecret: false,
  },
] as const satisfies readonly Variable[]

type Name = (typeof VARIABLES)[number]['name']

/** All that is wrong with the environment, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** Reads the configuration. Throws ConfigError with every problem at once. An empty variable counts as absent. */
export const loadConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const problems: string[] = []

  const read = <T>(name: Name, parse: (text: string) => T | undefined): T => {
    const text = readText(variable(name), env, problems)
    const value = parse(text)
    if (value === undefined) problems.push(`${name}: expected ${variable(name).about}`)
    return value as T
  }

  const config: Config = {
    database: read('DATABASE_URL', toDatabaseTarget),
    host: read('HOST', toHost),
    port: read('PORT', (text) => toInteger(text, 65_535)),
    logLevel: read('LOG_LEVEL', (text) => LOG_LEVELS.find((level) => level === text)),
    shutdownDrainMs: read('SHUTDOWN_DRAIN_MS', (text) => toInteger(text, 60_000)),
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

const variable = (name: Name): Variable => VARIABLES.find((one) => one.name === name) as Variable

const readText = (
  { name, fallback, isSecret }: Variable,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): string => {
  const text = env[name]?.trim() ?? ''
  const file = isSecret ? (env[`${name}_FILE`]?.trim() ?? '') : ''
  if (text !== '' && file !== '') problems.push(`${name} and ${name}_FILE are both set: choose one`)
  if (file === '') return text === '' ? fallback : text
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    problems.push(`${name}_FILE: the file ${file} cannot be read`)
    return fallback
  }
}

const toDatabaseTarget = (text: string): DatabaseTarget | undefined => {
  if (text === 'none') return { kind: 'none' }
  if (/^mongodb(\+srv)?:\/\/[^/?]/.test(text)) return { kind: 'mongodb', url: text }
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1]
  return path === undefined || path.startsWith('//') || path.includes('\0') ? undefined : { kind: 'sqlite', path }
}

const toHost = (text: string): string | undefined => (/^[\w.:%-]+$/.test(text) ? text : undefined)

const toInteger = (text: string, most: number): number | undefined => {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  return value <= most ? value : undefined
}
