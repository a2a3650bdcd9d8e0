import { openSqliteFile } from './synced-service.ts'
import { describeWebhooks } from './webhook-sync-contract.ts'

describeWebhooks('SQLite', openSqliteFile)
