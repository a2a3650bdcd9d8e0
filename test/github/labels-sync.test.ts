import { describeLabels } from './labels-sync-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeLabels('SQLite', openSqliteFile)
