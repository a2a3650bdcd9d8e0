import { describeLifecycle } from './lifecycle-sync-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeLifecycle('SQLite', openSqliteFile)
