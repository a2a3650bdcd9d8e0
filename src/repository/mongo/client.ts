import { MongoClient, type MongoClientOptions, MongoParseError } from 'mongodb'
import { StartupError } from '../startup-error.ts'

/** The database's name where the URL has none. */
const DEFAULT_NAME = 'tasks'

/** https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions */
const NAME = /^[^/\\. "$\0]+$/
const MAX_NAME_BYTES = 63

/** How long a server is looked for, then a connection waited for, in milliseconds. */
export const SELECTION_MS = 2000

/**
 * How long a server may leave a command unanswered, or its monitor, in milliseconds. Then that
 * connection is given up, or all are.
 */
const SILENCE_MS = 4000

/** A commit is durable when a majority has it in its journal. */
export const WRITE_CONCERN = { w: 'majority', j: true } as const

/**
 * Makes commits durable and reads see them, overriding the URL. The driver repeats no write, so
 * that an error describes one attempt: `runWrite` repeats it.
 */
const OPTIONS: MongoClientOptions = {
  appName: 'task-manager-api',
  serverSelectionTimeoutMS: SELECTION_MS,
  connectTimeoutMS: SILENCE_MS,
  waitQueueTimeoutMS: SELECTION_MS,
  socketTimeoutMS: SILENCE_MS,
  heartbeatFrequencyMS: 2000,
  writeConcern: WRITE_CONCERN,
  readConcern: { level: 'majority' },
  readPreference: 'primary',
  retryWrites: false,
  retryReads: true,
}

/** Throws StartupError for a URL that is not valid. */
export const createClient = (url: string, options: MongoClientOptions = {}): MongoClient => {
  try {
    return new MongoClient(url, { ...OPTIONS, ...options })
  } catch (error) {
    throw new StartupError(
      `DATABASE_URL is not a valid MongoDB connection string: ${reasonOf(error)}`,
    )
  }
}

/** The driver's own words on the form of a URL, which name options and never the password. */
const reasonOf = (error: unknown): string =>
  error instanceof MongoParseError ? error.message : 'it cannot be read'

/** The name in the path, as in `mongodb://host/NAME?options`. Throws StartupError if it is invalid. */
export const databaseName = (url: string): string => {
  const text = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]+)/.exec(url)?.[1]
  const name = text === undefined ? DEFAULT_NAME : decodeURIComponent(text)
  if (!NAME.test(name) || Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new StartupError(
      'DATABASE_URL: invalid database name; use 1 to 63 bytes without /, \\, a dot, a space, " or $',
    )
  return name
}
