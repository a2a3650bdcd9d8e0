import { join } from 'node:path'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'
import { createFolder } from '../start-app.ts'
import { describeRepository } from './repository-contract.ts'
import { describeRestart } from './restart-contract.ts'

describeRepository('an SQLite file', () =>
  openSqliteRepository(join(createFolder(), 'tasks.db'), TASK),
)
describeRepository('SQLite in memory', () => openSqliteRepository(':memory:', TASK))

describeRestart('an SQLite file', () => {
  const path = join(createFolder(), 'tasks.db')
  return () => openSqliteRepository(path, TASK)
})
