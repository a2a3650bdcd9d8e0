import { join } from 'node:path'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { createFolder } from '../start-app.ts'
import { describeRepository } from './repository-contract.ts'

describeRepository('an SQLite file', () => openSqliteRepository(join(createFolder(), 'tasks.db')))
describeRepository('SQLite in memory', () => openSqliteRepository(':memory:'))
