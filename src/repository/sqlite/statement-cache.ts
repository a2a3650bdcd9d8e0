import type { Database, Statement } from './binding.ts'
import type { Leg } from './list-plan.ts'

/** A list has as many statements as there are combinations of filters, sorts and positions. */
const MAX_STATEMENTS = 200

/** Prepares a statement around each leg that is read, and keeps the most recently used ones. */
export const createStatementCache = (
  db: Database,
  toSql: (leg: Leg) => string,
): ((leg: Leg) => Statement) => {
  const statements = new Map<string, Statement>()
  return (leg) => {
    const statement = statements.get(leg.sql) ?? db.prepare(toSql(leg))
    statements.delete(leg.sql)
    statements.set(leg.sql, statement)
    const oldest = statements.keys().next()
    if (statements.size > MAX_STATEMENTS && !oldest.done) statements.delete(oldest.value)
    return statement
  }
}
