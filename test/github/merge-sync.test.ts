import { describeMerges } from './merge-sync-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeMerges('SQLite', openSqliteFile)
