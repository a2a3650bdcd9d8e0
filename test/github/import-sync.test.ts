import { describeImports } from './import-sync-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeImports('SQLite', openSqliteFile)
