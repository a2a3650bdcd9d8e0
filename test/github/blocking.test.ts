import { describeBlocking } from './blocking.ts'
import { openSqliteFile } from './sync-service.ts'

describeBlocking('SQLite', openSqliteFile)
