#!/usr/bin/env -S node --max-semi-space-size=4
import { readFileSync } from 'node:fs'
import { parseArgs, parseEnv } from 'node:util'
import { ConfigError, type DatabaseTarget, loadConfig } from './config.ts'
import { unquote } from './config-reader.ts'
import { VARIABLES, type Variable } from './config-variables.ts'
import { StartupError } from './repository/startup-error.ts'

/** sysexits.h: the command was used wrongly; the configuration is wrong. */
const EX_USAGE = 64
const EX_CONFIG = 78

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

const toHelp = ({ name, fallback, about }: Variable): string =>
  `  ${name}\n      ${about}${fallback === '' ? '' : `\n      default: ${fallback}`}`

const HELP = `task-manager-api ${version}

Usage: task-manager-api [command] [FILE]

Commands:
  serve          run the service (the default)
  check-config   check the configuration and exit
  openapi        print the OpenAPI document
  backup FILE    copy the SQLite database to a new FILE, also while the service runs
  restore FILE   replace the SQLite database with a backup and keep the old one; stop the service first

Options:
  -h, --help     print this
  -v, --version  print the version

Configuration, by environment or a .env file:
${VARIABLES.map(toHelp).join('\n')}
`

/** The environment over the .env file of the working directory, if there is one. */
const environment = (): Record<string, string | undefined> => {
  const given = Object.fromEntries(
    Object.entries(process.env).filter(([, value]) => unquote(value ?? '') !== ''),
  )
  try {
    const text = readFileSync('.env', 'utf8').replace(/^\uFEFF/, '')
    return { ...parseEnv(text), ...given }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return given
    throw new ConfigError(['.env: the file cannot be read'])
  }
}

const commands = {
  async serve() {
    const config = loadConfig(environment())
    const { serve } = await import('./main.ts')
    await serve(config, version)
  },
  async 'check-config'() {
    const { incompleteGithub } = loadConfig(environment())
    if (incompleteGithub !== undefined) throw new ConfigError([incompleteGithub])
    console.log('Configuration is valid.')
  },
  async openapi() {
    const { openApiDocument } = await import('./main.ts')
    console.log(JSON.stringify(await openApiDocument(version), null, 2))
  },
  async backup(file: string) {
    const path = databaseFile(loadConfig(environment()).database)
    const { backupSqlite } = await import('./repository/sqlite/backup.ts')
    console.log(`${file} holds all of ${path}: ${tasks(backupSqlite(path, file))}.`)
  },
  async restore(file: string) {
    const path = databaseFile(loadConfig(environment()).database)
    const { restoreSqlite } = await import('./repository/sqlite/restore.ts')
    const { count, before } = restoreSqlite(path, file)
    console.log(`${path} holds all of ${file}: ${tasks(count)}.`)
    if (before !== undefined) console.log(`What it held before is in ${before}.`)
  },
}

const tasks = (count: number): string => (count === 1 ? '1 task' : `${count} tasks`)

/** The file that the tasks are kept in. Throws StartupError where they are in none. */
const databaseFile = (database: DatabaseTarget): string => {
  if (database.kind === 'sqlite' && database.path !== ':memory:') return database.path
  if (database.kind === 'sqlite')
    throw new StartupError(
      'backup and restore need a database file; DATABASE_URL is sqlite::memory:',
    )
  if (database.kind === 'none')
    throw new StartupError('backup and restore need a database file; DATABASE_URL is none')
  throw new StartupError(
    'backup and restore need a database file; for MongoDB use mongodump and mongorestore',
  )
}

const run = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
  })
  if (values.help) return console.log(HELP)
  if (values.version) return console.log(version)
  const [name = 'serve', ...files] = positionals
  if (!Object.hasOwn(commands, name))
    return fail(EX_USAGE, `no such command: ${positionals.join(' ')}; try --help`)
  const command: (...files: string[]) => Promise<void> = commands[name as keyof typeof commands]
  if (files.length !== command.length)
    return fail(
      EX_USAGE,
      `${name} takes ${command.length === 0 ? 'nothing after it' : 'one FILE'}; try --help`,
    )
  await command(...files)
}

const fail = (code: number, ...lines: string[]): never => {
  for (const line of lines) console.error(`task-manager-api: ${line}`)
  process.exit(code)
}

/** Why the service did not start, in a line; undefined for a fault of ours. */
const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof StartupError) return error.message
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const { port, address, hostname } = error as Error & {
    port?: number
    address?: string
    hostname?: string
  }
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is in use at ${address}: set PORT to another one, or stop what listens there`
    case 'EACCES':
      return `port ${port} may not be opened by this user: set PORT to a port above 1023`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST: ${hostname ?? address} is not an address of this machine`
    default:
      return undefined
  }
}

try {
  await run()
} catch (error) {
  if (error instanceof ConfigError) fail(EX_CONFIG, ...error.problems)
  if (
    error instanceof TypeError &&
    'code' in error &&
    String(error.code).startsWith('ERR_PARSE_ARGS')
  )
    fail(EX_USAGE, `${error.message}; try --help`)
  const reason = reasonOf(error)
  if (reason !== undefined) fail(1, reason)
  console.error(error)
  process.exit(1)
}
