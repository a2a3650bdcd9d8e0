import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Config, DatabaseTarget } from './config.ts'

/** Says where the service is: in a banner on a terminal, otherwise in a line of the log. */
export const announce = (
  logger: Logger,
  address: AddressInfo,
  { database, github }: Config,
  version: string,
): void => {
  const url = toUrl(address)
  const data = toPlace(database)
  const issues = github?.repository
  if (process.stdout.isTTY) process.stdout.write(toBanner({ version, url, data, issues }))
  else logger.info({ version, url, data, issues }, 'started')
}

interface Facts {
  readonly version: string
  readonly url: string
  readonly data: string
  /** The GitHub repository, if there is one. */
  readonly issues: string | undefined
}

const toBanner = ({ version, url, data, issues }: Facts): string =>
  `task-manager-api ${version}\n  docs  ${url}/docs\n  API   ${url}/tasks\n  data  ${data}\n${
    issues === undefined ? '' : `  issues  ${issues}\n`
  }`

/** An address that a browser on this machine can open. */
const toUrl = ({ address, port, family }: AddressInfo): string => {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** Where the data are, without the credentials and options of a connection string. */
const toPlace = (database: DatabaseTarget): string => {
  if (database.kind === 'none') return 'none: no database is configured'
  return database.kind === 'sqlite'
    ? database.path
    : database.url.replace(/\?.*/s, '').replace(/\/\/.*@/s, '//')
}
