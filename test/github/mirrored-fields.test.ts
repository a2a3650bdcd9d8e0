import { describeMirroredFields } from './mirrored-fields-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeMirroredFields('SQLite', openSqliteFile)
