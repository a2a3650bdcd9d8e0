import { describeCredentials } from './credentials.ts'
import { openSqliteFile } from './sync-service.ts'

describeCredentials('SQLite', openSqliteFile)
