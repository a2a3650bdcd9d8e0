import { EMPTY_RUN, type JsonRun, joinRuns, toBuffer } from '../../core/json-run.ts'
import type { Database, Statement } from './binding.ts'
import type { Leg } from './list-plan.ts'

/** How many statements are kept prepared; a list has as many shapes as there are choices of filters. */
const KEPT = 200

/** Reads the JSON texts that the legs select, one leg after the other, until the limit is reached. */
export type ReadRun = (legs: readonly Leg[], limit: number) => JsonRun

/** SQLite joins the texts itself: one value crosses over to JavaScript, as bytes, instead of one string a row. */
const toRunSql = (sql: string): string => `SELECT CAST(group_concat(json, ',') AS BLOB) AS bytes, count(*) AS count FROM (${sql})`

export const createReadRun = (db: Database): ReadRun => {
  const statements = new Map<string, Statement>()

  const prepared = (sql: string): Statement => {
    const statement = statements.get(sql) ?? db.prepare(toRunSql(sql))
    statements.delete(sql)
    statements.set(sql, statement)
    const oldest = statements.keys().next()
    if (statements.size > KEPT && !oldest.done) statements.delete(oldest.value)
    return statement
  }

  const readLeg = ({ sql, parameters }: Leg, limit: number): JsonRun => {
    const { bytes, count } = prepared(sql).get(...parameters, limit) as unknown as { bytes: Uint8Array | null; count: number }
    return bytes === null ? EMPTY_RUN : { bytes: toBuffer(bytes), count }
  }

  return (legs, limit) => {
    let run = EMPTY_RUN
    for (const leg of legs) if (run.count < limit) run = joinRuns(run, readLeg(leg, limit - run.count))
    return run
  }
}
