import { createDatabaseUrl } from '../mongodb.ts'
import { describeLabels } from './labels-sync-contract.ts'

describeLabels('MongoDB', createDatabaseUrl)
