import { createDatabaseUrl } from '../mongodb.ts'
import { describeOperations } from './operator-sync-contract.ts'

describeOperations('MongoDB', createDatabaseUrl)
