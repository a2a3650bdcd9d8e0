import { describeConvergence } from './convergence-contract.ts'
import { openSqliteFile } from './synced-service.ts'

describeConvergence('SQLite', openSqliteFile)
