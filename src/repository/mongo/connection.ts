import type { CommandStartedEvent, Db, MongoClient, MongoClientOptions } from 'mongodb'
import type { FieldTable } from '../../core/field-table.ts'
import { StartupError } from '../startup-error.ts'
import { createClient, databaseName, SELECTION_MS } from './client.ts'
import { unavailable } from './database-error.ts'
import { migrate } from './migrate.ts'
import { createDeadline, type Deadline, runRead, tooBusy, within } from './write-outcome.ts'

/** The part of the driver's pool that calls may use. The rest is for background jobs and `ping`. */
const CALLS_SHARE = 0.8

/** How long a call waits for a database that is being prepared, in milliseconds. */
const READY_MS = SELECTION_MS + 500

/**
 * How long a call may wait for its turn, in milliseconds; the rest of its time is for the database.
 */
const MAX_WAIT_MS = 3500

export type Connection = ReturnType<typeof createConnection>

/**
 * The connection, created when first needed, and again until it succeeds: a client whose first
 * connect failed never recovers, while one that was connected reconnects automatically. Throws
 * StartupError for an invalid URL.
 */
export const createConnection = (
  url: string,
  table: FieldTable,
  onCommand?: (event: CommandStartedEvent) => void,
) => {
  createClient(url)
  const name = databaseName(url)
  let connected: Promise<Connected> | undefined
  const underWay = new Set<Promise<void>>()

  const connect = async (): Promise<Connected> => {
    const client = createClient(url, { monitorCommands: onCommand !== undefined })
    if (onCommand !== undefined) client.on('commandStarted', onCommand)
    try {
      await client.connect()
      const db = client.db(name)
      await migrate(db, table)
      return { client, db, runCall: createSemaphore(maxCalls(client.options)) }
    } catch (error) {
      await client.close().catch(() => {})
      throw error
    }
  }

  const waitFor = (milliseconds: number): Promise<Connected> => {
    connected ??= connect().catch((error: unknown) => {
      connected = undefined
      throw error instanceof StartupError ? error : unavailable('does not answer just now', error)
    })
    return within(connected, milliseconds, () => unavailable('is being made ready'))
  }

  const track = <T>(result: Promise<T>): Promise<T> => {
    const settled = result.then(noop, noop).then(() => void underWay.delete(settled))
    underWay.add(settled)
    return result
  }

  return {
    /**
     * The database, ready to be used. Throws `database_unavailable` within 2.5 s, and StartupError for
     * one of a newer version.
     */
    ready: async (): Promise<Db> => (await waitFor(READY_MS)).db,

    /**
     * Something that is made once for each database connection, and the way to call it as soon as
     * there is one.
     */
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
            .then(({ db, runCall }) => runCall(deadline, () => call(get(db), deadline))),
        )
    },

    /**
     * Resolves when the database answers. It waits for no call, so that a flood of them does not
     * make the service look dead.
     */
    ping: (): Promise<void> => {
      const deadline = createDeadline()
      const answered = waitFor(READY_MS)
        .catch(toCallError)
        .then(({ db }) => runRead(deadline, () => db.command({ ping: 1 })))
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
  readonly runCall: Semaphore
}

/**
 * No more than there are connections (0: no limit), so that no call waits for one within the
 * driver.
 */
const maxCalls = ({ maxPoolSize }: Pick<MongoClientOptions, 'maxPoolSize'>): number =>
  maxPoolSize ? Math.max(1, Math.floor(maxPoolSize * CALLS_SHARE)) : Number.POSITIVE_INFINITY

const noop = (): undefined => undefined

/**
 * A database that turned out to be of a newer version while the service runs may be another one by
 * and by.
 */
const toCallError = (error: unknown): never => {
  throw error instanceof StartupError
    ? unavailable('is of a newer version than this program', error)
    : error
}

/**
 * Runs a call in its turn. Throws `database_unavailable` when that takes too long: it never runs.
 */
export type Semaphore = <T>(deadline: Deadline, run: () => Promise<T>) => Promise<T>

/**
 * Runs at most `max` calls concurrently; the others wait in order. The driver's own queue rejects a
 * call after a fixed time, which a batch of 1,000 reached on a slow server.
 */
export const createSemaphore = (max: number): Semaphore => {
  const waiting = new Set<() => void>()
  let free = max

  const enter = async (deadline: Deadline): Promise<void> => {
    if (free > 0) {
      free -= 1
      return
    }
    let begin = (): void => undefined
    const turn = new Promise<void>((resolve) => {
      begin = resolve
    })
    waiting.add(begin)
    try {
      await within(turn, Math.min(MAX_WAIT_MS, deadline.left()), tooBusy)
    } catch (error) {
      waiting.delete(begin)
      throw error
    }
  }

  const leave = (): void => {
    const [next] = waiting
    if (next === undefined) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }

  return async (deadline, run) => {
    await enter(deadline)
    try {
      return await run()
    } finally {
      leave()
    }
  }
}
