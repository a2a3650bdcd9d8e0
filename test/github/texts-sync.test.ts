import { openSqliteFile } from './synced-service.ts'
import { describeTexts } from './texts-sync-contract.ts'

describeTexts('SQLite', openSqliteFile)
