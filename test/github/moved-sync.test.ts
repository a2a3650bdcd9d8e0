import { describeMoves } from './moved-sync-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeMoves('SQLite', openSqliteFile)
