import {
  type CommandStartedEvent,
  type Db,
  MongoClient,
  type MongoClientOptions,
  MongoParseError,
} from 'mongodb'
import type { FieldTable } from '../../core/field-table.ts'
import { OpenError } from '../open-error.ts'
import { noteSent, reading } from './attempt.ts'
import { unavailable } from './database-error.ts'
import { createDeadline, type Deadline, within } from './deadline.ts'
import { createGate, type Gate } from './gate.ts'
import { migrate } from './migrate.ts'

/** The database's name where the URL has none. */
const DEFAULT_NAME = 'tasks'

/** https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions */
const NAME = /^[^/\\. "$\0]+$/

/** How long a server is looked for, then a connection waited for, in milliseconds. */
const SELECTION_MS = 2000

/** How long a server may leave a command unanswered, or its monitor, in milliseconds. Then that connection is given up, or all are. */
const SILENCE_MS = 4000

/** So much of the driver's pool is for the calls; the rest is for the relay, and for whoever asks whether the database is there. */
const CALLS_SHARE = 0.8

/** How long a call waits for a database that is being made ready, in milliseconds. */
const READY_MS = SELECTION_MS + 500

/** What makes a commit durable, and a read see it, whatever the URL says. */
const OPTIONS: MongoClientOptions = {
  appName: 'task-manager-api',
  serverSelectionTimeoutMS: SELECTION_MS,
  connectTimeoutMS: SILENCE_MS,
  waitQueueTimeoutMS: SELECTION_MS,
  socketTimeoutMS: SILENCE_MS,
  heartbeatFrequencyMS: 2000,
  writeConcern: { w: 'majority', journal: true },
  readConcern: { level: 'majority' },
  readPreference: 'primary',
  retryWrites: true,
  retryReads: true,
  monitorCommands: true,
}

export type Connection = ReturnType<typeof createConnection>

/**
 * The way to the database, made when it is first needed and made anew until it holds: a client whose first connect failed
 * never recovers, while one that was connected finds its servers again by itself. Throws OpenError for a URL that is not one.
 */
export const createConnection = (
  url: string,
  table: FieldTable,
  onCommand?: (event: CommandStartedEvent) => void,
) => {
  createClient(url)
  const name = nameOf(url)
  let connected: Promise<Connected> | undefined
  const underWay = new Set<Promise<void>>()

  const connect = async (): Promise<Connected> => {
    const client = createClient(url)
    client.on('commandStarted', noteSent)
    if (onCommand !== undefined) client.on('commandStarted', onCommand)
    try {
      await client.connect()
      const db = client.db(name)
      await migrate(db, table)
      return { client, db, gate: createGate(callsAtOnce(client.options)) }
    } catch (error) {
      await client.close().catch(() => {})
      throw error
    }
  }

  const waitFor = (milliseconds: number): Promise<Connected> => {
    connected ??= connect().catch((error: unknown) => {
      connected = undefined
      throw error instanceof OpenError ? error : unavailable('does not answer just now', error)
    })
    return within(connected, milliseconds, () => unavailable('is being made ready'))
  }

  const track = <T>(result: Promise<T>): Promise<T> => {
    const settled = result.then(noop, noop).then(() => void underWay.delete(settled))
    underWay.add(settled)
    return result
  }

  return {
    /** The database, ready to be used. Throws `database_unavailable` within 2.5 s, and OpenError for one of a newer version. */
    ready: async (): Promise<Db> => (await waitFor(READY_MS)).db,

    /** Something that is made once for each database connection, and the way to call it as soon as there is one. */
    using<T>(create: (db: Db) => T) {
      let made: { readonly db: Db; readonly value: T } | undefined
      const get = (db: Db): T => {
        if (made?.db !== db) made = { db, value: create(db) }
        return made.value
      }
      return <R>(
        call: (value: T, deadline: Deadline) => Promise<R>,
        deadline = createDeadline(),
      ): Promise<R> =>
        track(
          waitFor(Math.min(READY_MS, deadline.left()))
            .catch(toCallError)
            .then(({ db, gate }) => gate(deadline, () => call(get(db), deadline))),
        )
    },

    /** Resolves when the database answers. It waits for no call, so that a flood of them does not make the service look dead. */
    ping: (): Promise<void> => {
      const deadline = createDeadline()
      const answered = waitFor(READY_MS)
        .catch(toCallError)
        .then(({ db }) => reading(deadline, () => db.command({ ping: 1 })))
      return track(answered.then(noop))
    },

    /** Waits for the calls that are under way. */
    async close(): Promise<void> {
      while (underWay.size > 0) await Promise.all(underWay)
      const found = await connected?.catch(noop)
      await found?.client.close()
    },
  }
}

interface Connected {
  readonly client: MongoClient
  readonly db: Db
  readonly gate: Gate
}

/** No more than there are connections (0: no limit), so that no call waits for one within the driver. */
const callsAtOnce = ({ maxPoolSize }: Pick<MongoClientOptions, 'maxPoolSize'>): number =>
  maxPoolSize ? Math.max(1, Math.floor(maxPoolSize * CALLS_SHARE)) : Number.POSITIVE_INFINITY

const noop = (): undefined => undefined

/** A database that turned out to be of a newer version while the service runs may be another one by and by. */
const toCallError = (error: unknown): never => {
  throw error instanceof OpenError
    ? unavailable('is of a newer version than this program', error)
    : error
}

const createClient = (url: string): MongoClient => {
  try {
    return new MongoClient(url, OPTIONS)
  } catch (error) {
    throw new OpenError(`DATABASE_URL is not a valid MongoDB connection string: ${reasonOf(error)}`)
  }
}

/** The driver's own words on the form of a URL, which name options and never the password. */
const reasonOf = (error: unknown): string =>
  error instanceof MongoParseError ? error.message : 'it cannot be read'

/** The part of the path, as `mongodb://host/NAME?options` has it. */
const nameOf = (url: string): string => {
  const text = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]+)/.exec(url)?.[1]
  const name = text === undefined ? DEFAULT_NAME : decodeURIComponent(text)
  if (!NAME.test(name) || Buffer.byteLength(name) > 63)
    throw new OpenError(
      'DATABASE_URL: invalid database name; use 1 to 63 bytes without /, \\, a dot, a space, " or $',
    )
  return name
}
