import { describeLag } from './lag-sync-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeLag('SQLite', openSqliteFile)
