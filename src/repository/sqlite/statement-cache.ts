import type { Database, Statement } from './driver.ts'
import type { ListStatement } from './list-plan.ts'

/** A list has as many statements as there are combinations of filters, sorts and positions. */
const MAX_STATEMENTS = 200

/** Prepares a statement around each leg that is read, and keeps the most recently used ones. */
export const createStatementCache = (
  db: Database,
  toSql: (leg: ListStatement) => string,
): ((leg: ListStatement) => Statement) => {
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
