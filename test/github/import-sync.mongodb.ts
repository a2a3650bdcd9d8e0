import { createDatabaseUrl } from '../mongodb.ts'
import { describeImports } from './import-sync-contract.ts'

describeImports('MongoDB', createDatabaseUrl)
