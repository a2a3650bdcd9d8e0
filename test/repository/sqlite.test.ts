import { join } from 'node:path'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { createFolder } from '../start-app.ts'
import { describeRepository } from './repository-contract.ts'
import { describeRestart } from './restart-contract.ts'

describeRepository('an SQLite file', () => openSqliteRepository(join(createFolder(), 'tasks.db')))
describeRepository('SQLite in memory', () => openSqliteRepository(':memory:'))

describeRestart('an SQLite file', () => {
  const path = join(createFolder(), 'tasks.db')
  return () => openSqliteRepository(path)
})
