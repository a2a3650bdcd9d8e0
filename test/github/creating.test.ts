import { describeCreating } from './creating.ts'
import { openSqliteFile } from './sync-service.ts'

describeCreating('SQLite', openSqliteFile)
