import { describeOperations } from './operator-sync-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeOperations('SQLite', openSqliteFile)
