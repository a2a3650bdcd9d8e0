import { describePausing } from './pausing.ts'
import { openSqliteFile } from './sync-service.ts'

describePausing('SQLite', openSqliteFile)
