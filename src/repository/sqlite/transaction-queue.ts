import { AppError } from '../../core/errors.ts'
import { type Database, SQLITE, sqliteCode } from './driver.ts'

/**
 * The maximum number of commits in one transaction, so that a flood does not hold the event loop
 * for long.
 */
const MAX_GROUP = 256

interface Waiting {
  readonly apply: () => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * The database, one turn of the event loop at a time. The reads of a turn share one snapshot, and
 * are answered together at its end; then the commits that came in meanwhile share one transaction
 * and one fsync (docs/decisions/write-path.md). As the snapshot ends before the commits begin,
 * every read sees every commit that was answered.
 */
export interface TransactionQueue {
  /** Runs a read now, in the snapshot of this turn of the event loop. */
  readNow<T>(run: () => T): T
  /**
   * The same, but resolves at the end of the turn. Answers that are sent together cost half as much
   * each, as the receiver wakes once for all of them.
   */
  read<T>(run: () => T): Promise<T>
  /**
   * Runs a write within a transaction; resolves after its COMMIT is on disk. A write that throws
   * undoes itself alone.
   */
  write<T>(apply: () => T): Promise<T>
  /** Commits what waits. */
  flush(): void
}

export const createTransactionQueue = (db: Database): TransactionQueue => {
  const begin = db.prepare('BEGIN')
  const beginImmediate = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')
  const waiting: Waiting[] = []
  let readers: (() => void)[] = []
  let isReading = false
  let isScheduled = false
  let isPutOff = false

  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(endTurn)
  }

  const endRead = (): void => {
    if (!isReading) return
    isReading = false
    if (db.isTransaction) commit.run()
    const answered = readers
    readers = []
    for (const answer of answered) answer()
  }

  const endTurn = (): void => {
    isScheduled = false
    /** The answers to reads leave first: the commits are put off by a turn, but never twice. */
    isPutOff = isReading && waiting.length > 0 && !isPutOff
    endRead()
    const group = isPutOff ? [] : waiting.splice(0, MAX_GROUP)
    if (waiting.length > 0) schedule()
    if (group.length > 0) commitGroup(group)
  }

  const transaction = <T>(run: () => T): T => {
    beginImmediate.run()
    try {
      const result = run()
      commit.run()
      return result
    } catch (error) {
      if (db.isTransaction) rollback.run()
      throw error
    }
  }

  const commitGroup = (group: readonly Waiting[]): void => {
    let results: unknown[]
    try {
      results = transaction(() => group.map(({ apply }) => apply()))
    } catch (error) {
      if (group.length === 1) group[0]?.reject(toDatabaseError(error))
      else for (const one of group) commitGroup([one])
      return
    }
    for (const [index, { resolve }] of group.entries()) resolve(results[index])
  }

  const look = <T>(run: () => T): T => {
    try {
      if (!isReading) {
        begin.run()
        isReading = true
        schedule()
      }
      return run()
    } catch (error) {
      endRead()
      throw toDatabaseError(error)
    }
  }

  return {
    readNow: look,
    async read(run) {
      const result = look(run)
      await new Promise<void>((resolve) => readers.push(resolve))
      return result
    },
    write: <T>(apply: () => T) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ apply, resolve: resolve as (result: unknown) => void, reject })
        schedule()
      }),
    flush() {
      while (waiting.length > 0 || isReading) endTurn()
    },
  }
}

const UNAVAILABLE = new Set<number | undefined>(Object.values(SQLITE))

/**
 * What SQLite says of its file or disk is a matter of the database; anything else is a fault of
 * ours.
 */
export const toDatabaseError = (error: unknown): unknown =>
  !UNAVAILABLE.has(sqliteCode(error))
    ? error
    : new AppError('database_unavailable', 'The database is not responding; try again shortly', {
        cause: error,
      })
