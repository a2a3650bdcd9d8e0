import type { DatabaseTarget } from '../config.ts'
import type { FieldTable } from '../core/field-table.ts'
import type { Repository } from '../core/repository.ts'

/**
 * The adapter for a database, loaded only when it is the one. Throws StartupError when it cannot be
 * had.
 */
export const openRepository = async (
  target: DatabaseTarget,
  table: FieldTable,
): Promise<Repository> => {
  if (target.kind === 'none') {
    const { createUnconfiguredRepository } = await import('./unconfigured.ts')
    return createUnconfiguredRepository()
  }
  if (target.kind === 'mongodb') {
    const { openMongoRepository } = await import('./mongo/open.ts')
    return openMongoRepository(target.url, table)
  }
  const { openSqliteRepository } = await import('./sqlite/open.ts')
  return openSqliteRepository(target.path, table)
}
